namespace Cozy.Fleet.Simulator.Talos;

/// <summary>Where a simulated machine's servers begin.</summary>
internal static class SimulatedHost
{
    /// <summary>
    /// A web server and nothing else. The other builders watch the folder where the program was started, and all below it, for a settings
    /// file that no machine has; the kernel gives a user 128 such watches (fs.inotify.max_user_instances), and a large rack has more servers.
    /// </summary>
    public static WebApplicationBuilder NewBuilder()
    {
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.Services.AddRoutingCore();
        builder.WebHost.UseKestrelCore();
        return builder;
    }
}

using System.Net.Sockets;
using Cozy.Fleet.Coordinator.Enrolment;
using Cozy.Fleet.Coordinator.Storage;

namespace Cozy.Fleet.Coordinator.Hosting;

/// <summary>Runs the coordinator. Exit codes: 0 a clean end, 1 it could not start, 2 the command line is wrong.</summary>
internal static partial class CoordinatorProgram
{
    public static async Task<int> RunAsync(string[] arguments)
    {
        if (!CoordinatorOptions.TryParse(arguments, Environment.GetEnvironmentVariable, out var options, out var refusal))
        {
            await Console.Error.WriteLineAsync(refusal);
            return 2;
        }
        try
        {
            await using var app = CoordinatorHost.Create(options);
            var endpoint = await CoordinatorHost.StartAsync(app, options, CancellationToken.None);
            LogReady(app.Logger, endpoint.GetLeftPart(UriPartial.Authority), app.Services.GetRequiredService<AdminContext>().Path);
            await app.WaitForShutdownAsync();
            return 0;
        }
        catch (Exception failure) when (failure is StorageException or IOException or SocketException)
        {
            await Console.Error.WriteLineAsync(failure.Message);
            return 1;
        }
    }

    [LoggerMessage(LogLevel.Information, "ready: {Url}, context file {Context}")]
    private static partial void LogReady(ILogger log, string url, string context);
}

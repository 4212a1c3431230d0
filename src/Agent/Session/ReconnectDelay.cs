namespace Cozy.Fleet.Agent.Session;

/// <summary>
/// How long to wait before the next try to reach the coordinator: anywhere between a tenth of a second and a limit that doubles with
/// each failure in a row, from one second to ten. The chance keeps a thousand agents from knocking together when it comes back.
/// </summary>
internal static class ReconnectDelay
{
    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan FirstLimit = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LastLimit = TimeSpan.FromSeconds(10);

    /// <param name="failures">How many tries failed since the last session that was welcomed.</param>
    /// <param name="chance">From 0 to 1.</param>
    public static TimeSpan After(int failures, double chance)
    {
        var limit = FirstLimit * Math.Pow(2, Math.Clamp(failures, 0, 8));
        return Shortest + ((limit < LastLimit ? limit : LastLimit) - Shortest) * chance;
    }
}

namespace Cozy.Fleet.Simulator.Commands;

/// <summary>A rack of machines until it is told to stop.</summary>
internal static class RackCommand
{
    public static readonly string[] Options =
        ["--nodes", "--dhcp", "--tftp-port", "--relay", "--talos-port", "--seed", "--speed", "--fault"];

    public static async Task RunAsync(CommandArguments arguments, TextWriter output, CancellationToken stop)
    {
        var count = arguments.Number("--nodes", null, 1, 10_000);
        var wiring = new RackWiring(arguments.EndPoint("--dhcp"), arguments.Number("--tftp-port", null, 1, 65535), arguments.Address("--relay"));
        var options = new RackOptions(count, wiring, arguments.Number("--seed", 1, 0, int.MaxValue), arguments.Speed())
        {
            Faults = FaultNames.Parse(arguments.All("--fault"), count),
            TalosPort = arguments.Number("--talos-port", 50000, 1, 65535),
        };
        await using var rack = new SimulatedRack(options, TimeProvider.System);
        rack.Happened += new EventLines(output).Write;
        rack.PowerOn();
        await rack.RunAsync(stop);
    }
}

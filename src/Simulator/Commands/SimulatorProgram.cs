using System.Runtime.InteropServices;

namespace Cozy.Fleet.Simulator.Commands;

/// <summary>The command line: one machine where it runs, or a rack of them.</summary>
public static class SimulatorProgram
{
    private const string Help =
        """
        cozy-fleet-simulator: machines that boot and behave as Talos

          cozy-fleet-simulator node --interface IFACE [--talos VERSION] [--seed N] [--speed X]
                                    [--disk PROGRAM] [--booted-from network|disk]
              One machine on the address that IFACE has: identity from SMBIOS and the interface, Talos API on port 50000.
              It starts where the kernel has just come up: real firmware did the rest. Without --disk an installation is
              kept in memory, and a reboot is the pause that one takes, after which the program goes on as the installed
              system. With it `PROGRAM write` stores its input on the disk and makes that bootable, `PROGRAM read` prints
              it, and a reboot ends the program.

          cozy-fleet-simulator rack --nodes N --dhcp HOST:PORT --tftp-port P --relay ADDRESS [--talos-port P]
                                    [--seed N] [--speed X] [--fault NAME[@MACHINE]]...
              N machines that boot over the wire, BIOS and UEFI in turns, each on the loopback address that it leases.
              One line of JSON for each thing that happens. Runs until SIGTERM. A fault without a machine strikes all.

        --speed 1 is the pace of a real server. Faults:
        """;

    /// <returns>0 when it was told to stop, 2 when the command line is not understood, 1 when it could not start.</returns>
    public static async Task<int> RunAsync(string[] args, TextWriter output, TextWriter errors)
    {
        using var stop = new CancellationTokenSource();
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        return await RunAsync(args, output, errors, stop.Token);

        void Stop(PosixSignalContext signal)
        {
            signal.Cancel = true;
            stop.Cancel();
        }
    }

    /// <inheritdoc cref="RunAsync(string[], TextWriter, TextWriter)"/>
    public static async Task<int> RunAsync(string[] args, TextWriter output, TextWriter errors, CancellationToken stop)
    {
        if (args is [] or ["help"] || args.Contains("--help") || args.Contains("-h"))
        {
            await output.WriteLineAsync(Help + " " + string.Join(", ", FaultNames.All) + ".");
            return 0;
        }
        try
        {
            await (args[0] switch
            {
                "node" => NodeCommand.RunAsync(new CommandArguments(args[1..], NodeCommand.Options), output, stop),
                "rack" => RackCommand.RunAsync(new CommandArguments(args[1..], RackCommand.Options), output, stop),
                _ => throw new UsageException($"There is no command '{args[0]}'; there are node and rack."),
            });
            return 0;
        }
        catch (UsageException usage)
        {
            await errors.WriteLineAsync(usage.Message + " See --help.");
            return 2;
        }
        catch (IOException failure)
        {
            await errors.WriteLineAsync(failure.Message);
            return 1;
        }
    }
}

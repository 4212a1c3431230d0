using System.Runtime.InteropServices;
using Cozy.Fleet.Cli.Hosting;

using var interrupt = new CancellationTokenSource();
using var terminal = PosixSignalRegistration.Create(PosixSignal.SIGINT, Interrupt);
using var service = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Interrupt);
return await CozyFleetProgram.RunAsync(args, Terminal.OfThisProcess(), interrupt.Token);

void Interrupt(PosixSignalContext signal)
{
    signal.Cancel = true;
    interrupt.Cancel();
}

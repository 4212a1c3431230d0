using Cozy.Fleet.Agent.Power;
using Cozy.Fleet.Contracts.V1;
using Google.Protobuf;

namespace Cozy.Fleet.Agent.Tests.Power;

/// <summary>The real ipmitool against Debian's simulator.</summary>
public sealed class IpmiTests
{
    // SHA-1 is what the simulator knows.
    private const int SimulatorSuite = 3;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_machine_is_switched_on_from_the_network_and_off_again()
    {
        await using var simulator = await IpmiSimulator.StartAsync();
        using var turns = Turns();
        var power = Control(turns);

        Assert.Equal(PowerState.Off, (await ReadAsync(power, simulator)).State);
        var on = await power.SwitchAsync(Command(simulator, new()
        {
            Action = PowerAction.On, NextBoot = NextBoot.Network,
            Uefi = true
        }), Token);
        Assert.Equal((CommandOutcome.Succeeded, "it was off, and is on now; it starts from the network this once"),
            (on.Outcome, on.Message));
        Assert.Equal(PowerState.On, (await ReadAsync(power, simulator)).State);
        var off = await power.SwitchAsync(Command(simulator, new() { Action = PowerAction.Off }), Token);
        Assert.Equal((CommandOutcome.Succeeded, "it went down by itself, and is off"), (off.Outcome, off.Message));

        Assert.Equal("boot pxe\npower 1\nshutdown 1\n", simulator.Told);
    }

    [Fact]
    public async Task A_wrong_password_is_said_and_nothing_is_done()
    {
        await using var simulator = await IpmiSimulator.StartAsync();
        using var turns = Turns();
        var command = Command(simulator, new() { Action = PowerAction.On });
        command.Bmc.Password = "wrong";
        var result = await Control(turns).SwitchAsync(command, Token);

        Assert.Equal((CommandOutcome.Failed, FailureClass.Transient,
            "the BMC does not answer, or does not take the user name and the password"),
            (result.Outcome, result.FailureClass, result.Message));
        Assert.Equal("", simulator.Told);
    }

    [Fact]
    public async Task A_host_without_ipmitool_says_what_to_install()
    {
        using var turns = Turns();
        var control = new PowerControl(new() { Power = Options with { Ipmitool = "no-such-ipmitool" } }, turns, TimeProvider.System);
        var result = await control.SwitchAsync(
            new()
            {
                Bmc = new() { Bmc = new() { Kind = BmcKind.Ipmi, Address = "127.0.0.1:1" }, Password = "p" },
                SwitchPower = new()
            }, Token);

        Assert.Equal(CommandOutcome.Failed, result.Outcome);
        Assert.StartsWith("no-such-ipmitool could not be started", result.Message, StringComparison.Ordinal);
        Assert.Contains("install Debian's package ipmitool", result.Message, StringComparison.Ordinal);
    }

    private static PowerOptions Options { get; } = new() { Poll = TimeSpan.FromMilliseconds(10) };

    private static BmcTurns Turns() => new(new() { Power = Options }, TimeProvider.System);

    private static PowerControl Control(BmcTurns turns) => new(new() { Power = Options }, turns, TimeProvider.System);

    private static BmcAccess Access(IpmiSimulator simulator) => new()
    {
        Bmc = new() { Kind = BmcKind.Ipmi, Address = simulator.Address, Username = IpmiSimulator.Username, CipherSuite = SimulatorSuite },
        Password = IpmiSimulator.Password,
    };

    private static Command Command(IpmiSimulator simulator, SwitchPower wanted) => new() { Bmc = Access(simulator), SwitchPower = wanted };

    private static async Task<PowerStatus> ReadAsync(PowerControl power, IpmiSimulator simulator)
    {
        await foreach (var piece in power.ReadAsync(new() { Bmc = Access(simulator) }, Token))
            return PowerStatus.Parser.ParseFrom(ByteString.CopyFrom(piece.Span));
        throw new InvalidOperationException("There was no answer.");
    }
}

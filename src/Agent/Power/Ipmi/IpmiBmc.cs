using Cozy.Fleet.Contracts.V1;

namespace Cozy.Fleet.Agent.Power.Ipmi;

/// <summary>A BMC that speaks IPMI 2.0. Each question is a session of its own, as ipmitool has it.</summary>
internal sealed class IpmiBmc(IpmiTool tool) : IBmc
{
    public async Task<PowerStatus> ReadAsync(CancellationToken cancellation)
    {
        var status = new PowerStatus { State = IpmiWords.State(await tool.RunAsync(["chassis", "power", "status"], cancellation)) };
        var flags = IpmiWords.BootFlags(await tool.RunAsync(["chassis", "bootparam", "get", "5"], cancellation));
        if (flags.Valid)
            (status.NextBoot, status.NextBootDetail) = (flags.Next, flags.Detail);
        return status;
    }

    public Task PushAsync(PowerPush push, CancellationToken cancellation) => tool.RunAsync(["chassis", "power", push switch
    {
        PowerPush.On => "on",
        PowerPush.SoftOff => "soft",
        PowerPush.HardOff => "off",
        _ => "cycle",
    }], cancellation);

    public async Task SetNextBootAsync(NextBoot next, bool uefi, CancellationToken cancellation)
    {
        if (next == NextBoot.Unspecified)
            return;
        // A flag in the wrong mode is ignored by the firmware.
        string[] mode = uefi ? ["options=efiboot"] : [];
        await tool.RunAsync(["chassis", "bootdev", next == NextBoot.Network ? "pxe" : "disk", .. mode], cancellation);
        var kept = IpmiWords.BootFlags(await tool.RunAsync(["chassis", "bootparam", "get", "5"], cancellation));
        if (kept.Next != next)
            throw new BmcException(BmcFailure.Refused,
                $"the BMC was told to start from the {next.ToString().ToLowerInvariant()} next, and did not keep it");
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}

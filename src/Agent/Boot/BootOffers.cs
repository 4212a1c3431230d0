using Cozy.Fleet.Agent.Config;
using Cozy.Fleet.Dhcp;

namespace Cozy.Fleet.Agent.Boot;

/// <summary>Which file a machine is told to load. First lap: iPXE itself. Second lap: the script, which goes on over HTTP.</summary>
internal sealed class BootOffers(AgentConfig config, BootReporter reporter, RefusalCounters refused)
{
    /// <summary>Null when there is nothing that the machine could run; that is counted.</summary>
    public BootReply? For(DhcpRequest request, BootSession session)
    {
        var loader = request.Firmware switch
        {
            ClientFirmware.Bios => config.BiosLoader,
            ClientFirmware.UefiX64 => config.UefiLoader,
            // There is no arm64 loader in Debian's package: the operator names one, or there is none.
            ClientFirmware.UefiArm64 when config.Arm64Loader != "" => config.Arm64Loader,
            _ => null,
        };
        var takesScript = request is { IsIpxe: true, LacksHttp: false };
        if (loader is null && !takesScript)
        {
            refused.Count("dhcp/no-loader-for-architecture");
            return null;
        }
        var file = request switch
        {
            _ when takesScript => $"{reporter.BootUrl}boot/{session.Id}/script.ipxe",
            { LoadsUrl: true } => $"{reporter.BootUrl}boot/{session.Id}/{loader}",
            _ => $"b/{session.Id}/{loader}",
        };
        return new(Ipv4.ToNumber(config.Address), file);
    }
}

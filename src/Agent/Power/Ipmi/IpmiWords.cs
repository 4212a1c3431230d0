using System.Globalization;
using Cozy.Fleet.Contracts.V1;

namespace Cozy.Fleet.Agent.Power.Ipmi;

/// <summary>What ipmitool prints, read.</summary>
internal static class IpmiWords
{
    private const string FlagsLine = "Boot parameter data:";

    // IPMI 2.0, table 28-14: the device selector is bits 5 to 2 of the second byte.
    private const int DeviceMask = 0x3c;
    private const int Pxe = 0x04;
    private const int Disk = 0x08;
    private const int ValidBit = 0x80;

    /// <summary>Of <c>chassis power status</c>.</summary>
    public static PowerState State(string text) => text.Trim() switch
    {
        "Chassis Power is on" => PowerState.On,
        "Chassis Power is off" => PowerState.Off,
        _ => PowerState.Unspecified,
    };

    /// <summary>Of <c>chassis bootparam get 5</c>. Flags that are not valid say nothing of the next start.</summary>
    public static (bool Valid, NextBoot Next, string Detail) BootFlags(string text)
    {
        var line = text.Split('\n').FirstOrDefault(l => l.StartsWith(FlagsLine, StringComparison.Ordinal));
        var bytes = line?[FlagsLine.Length..].Trim() ?? "";
        if (bytes.Length < 4 || !byte.TryParse(bytes.AsSpan(0, 2), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var first)
            || !byte.TryParse(bytes.AsSpan(2, 2), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var second))
        {
            return default((bool, NextBoot, string)) with { Item3 = "" };
        }
        var (next, detail) = (second & DeviceMask) switch
        {
            0 => (NextBoot.Unspecified, ""),
            Pxe => (NextBoot.Network, "PXE"),
            Disk => (NextBoot.Disk, "disk"),
            var other => (NextBoot.Unspecified, $"device {other >> 2}"),
        };
        return ((first & ValidBit) != 0, next, detail);
    }
}

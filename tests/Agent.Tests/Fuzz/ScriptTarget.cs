using System.Text;
using System.Text.RegularExpressions;
using Cozy.Fleet.Agent.Boot;
using Cozy.Fleet.Contracts.V1;
using Cozy.Fleet.Dhcp;

namespace Cozy.Fleet.Agent.Tests.Fuzz;

/// <summary>Names and kernel arguments on their way into the scripts of iPXE and GRUB: none of them becomes a command.</summary>
internal sealed partial class ScriptTarget : IFuzzTarget
{
    private static readonly BootAsset Asset = new() { Sha256 = new string('a', 64) };

    private static readonly IpxeScripts Scripts = new();

    private static readonly GrubScripts Grub = new(new("http://10.1.0.1/"));

    private static readonly PushTargets Push = new("10.1.0.1:3247", "tcp://10.1.0.1:3248");

    public string Name => "script";

    public IReadOnlyList<byte[]> Samples { get; } =
    [
        .. new[]
        {
            "console=ttyS0 talos.config=http://x/?a=1&b=2", "unknown machine", "${net0/mac} || shell", "a\nshell\n", "talos.platform=metal && reboot",
        }.Select(Encoding.Latin1.GetBytes),
    ];

    public void Run(byte[] input)
    {
        var text = Encoding.Latin1.GetString(input);
        var image = new BootImage { Name = text, TalosVersion = text, KernelArgs = { text } };
        var plan = new BootPlan(BootAction.Netboot, image, text, text, text, "");
        Check(Scripts.Netboot(plan, "abcdefgh", new(Asset, Asset, ClientFirmware.UefiX64), Push), lines: 13, dollars: 1);
        Check(Scripts.Disk(plan, "abcdefgh", ClientFirmware.Bios), lines: 3, dollars: 0);
        Check(Scripts.Hold(plan, "abcdefgh"), lines: 4, dollars: 0);
        Check(IpxeScripts.Menu(plan, "abcdefgh", TimeSpan.FromSeconds(5)), lines: 16, dollars: 1);
        CheckGrub(Grub.Netboot(plan, "abcdefgh", new(Asset, Asset, ClientFirmware.UefiArm64), Push), lines: 11, dollars: 2);
        CheckGrub(Grub.Disk(plan, "abcdefgh", ClientFirmware.UefiArm64), lines: 7, dollars: 0);
        CheckGrub(Grub.Hold(plan, "abcdefgh"), lines: 2, dollars: 0);
    }

    // Between single quotes GRUB expands nothing.
    private static void CheckGrub(string script, int lines, int dollars) => Check(Quoted().Replace(script, ""), lines, dollars);

    private static void Check(string script, int lines, int dollars)
    {
        FuzzFailure.Unless(script.Count(c => c == '\n') == lines, $"a script has other lines than ours:\n{script}");
        FuzzFailure.Unless(script.Count(c => c == '$') == dollars, $"a script expands what is not ours:\n{script}");
        FuzzFailure.Unless(script.All(c => c is '\n' or (>= ' ' and <= '~')), "a script holds what no loader can read");
    }

    [GeneratedRegex(@"'[^'\n]*'|\\'")]
    private static partial Regex Quoted();
}

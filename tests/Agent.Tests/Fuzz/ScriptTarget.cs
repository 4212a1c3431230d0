using System.Text;
using Cozy.Fleet.Agent.Boot;
using Cozy.Fleet.Contracts.V1;
using Cozy.Fleet.Dhcp;

namespace Cozy.Fleet.Agent.Tests.Fuzz;

/// <summary>Names and kernel arguments on their way into an iPXE script: none of them becomes a command.</summary>
internal sealed class ScriptTarget : IFuzzTarget
{
    private static readonly BootAsset Asset = new() { Sha256 = new string('a', 64) };

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
        Check(BootScripts.Netboot(plan, "abcdefgh", new(Asset, Asset, ClientFirmware.UefiX64), Push), lines: 13, dollars: 1);
        Check(BootScripts.Disk(plan, "abcdefgh", ClientFirmware.Bios), lines: 3, dollars: 0);
        Check(BootScripts.Hold(plan, "abcdefgh"), lines: 4, dollars: 0);
        Check(BootScripts.Menu(plan, "abcdefgh", TimeSpan.FromSeconds(5)), lines: 16, dollars: 1);
    }

    private static void Check(string script, int lines, int dollars)
    {
        FuzzFailure.Unless(script.Count(c => c == '\n') == lines, $"a script has other lines than ours:\n{script}");
        FuzzFailure.Unless(script.Count(c => c == '$') == dollars, $"a script expands what is not ours:\n{script}");
        FuzzFailure.Unless(script.All(c => c is '\n' or (>= ' ' and <= '~')), "a script holds what iPXE cannot read");
    }
}

using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Cozy.Fleet.Agent.Tests.Running;

namespace Cozy.Fleet.Agent.Tests.Power;

/// <summary>Debian's IPMI simulator (package openipmi): a BMC on a port of its own, whose chassis is a few files.</summary>
internal sealed class IpmiSimulator : IAsyncDisposable
{
    public const string Username = "ops";
    public const string Password = "sekritword";

    private static readonly byte[] PresencePing = [6, 0, 0xff, 6, 0, 0, 0x11, 0xbe, 0x80, 0, 0, 0];

    private readonly TemporaryDirectory directory = new();
    private Process? process;

    public string Address { get; private set; } = "";

    /// <summary>What the chassis was told, one line each.</summary>
    public string Told => File.Exists(directory["told"]) ? File.ReadAllText(directory["told"]) : "";

    public static async Task<IpmiSimulator> StartAsync()
    {
        Assert.SkipUnless(Tool.Exists("ipmi_sim") && Tool.Exists("ipmitool"), "openipmi or ipmitool is not installed");
        var simulator = new IpmiSimulator();
        await simulator.RunAsync(FreePort());
        return simulator;
    }

    public async ValueTask DisposeAsync()
    {
        if (process is not null)
        {
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync();
            process.Dispose();
        }
        directory.Dispose();
    }

    private static int FreePort()
    {
        using var probe = new UdpClient(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)probe.Client.LocalEndPoint!).Port;
    }

    private async Task RunAsync(int port)
    {
        Address = $"127.0.0.1:{port}";
        await WriteAsync("lan.conf", $$"""
            name "sim"
            set_working_mc 0x20
              startlan 1
                addr 127.0.0.1 {{port}}
                priv_limit admin
                allowed_auths_admin none md2 md5 straight
                guid a123456789abcdefa123456789abcdef
              endlan
              chassis_control "{{directory["chassis"]}}"
              user 2 true "{{Username}}" "{{Password}}" admin 10 none md2 md5 straight
            """);
        await WriteAsync("sim.emu",
            "mc_setbmc 0x20\nmc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02 persist_sdr\nmc_enable 0x20\n");
        await WriteAsync("power", "0");
        await WriteAsync("boot", "none");
        // How the simulator asks: `get NAME…` prints NAME:VALUE, `set NAME VALUE…` changes.
        await WriteAsync("chassis", $$"""
            #!/bin/sh
            cd {{directory.Path}}
            op=$1; shift
            case $op in
              get) for name in "$@"; do echo "$name:$(cat "$name")"; done ;;
              set)
                while [ $# -gt 1 ]; do
                  echo "$1 $2" >>told
                  case $1 in
                    power | boot) echo "$2" >"$1" ;;
                    shutdown) echo 0 >power ;;
                    reset) echo 1 >power ;;
                  esac
                  shift 2
                done ;;
            esac
            """);
        File.SetUnixFileMode(directory["chassis"], UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var start = new ProcessStartInfo("ipmi_sim", ["-n", "-c", directory["lan.conf"], "-f", directory["sim.emu"],
            "-s", directory["state"]])
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true,
        };
        Directory.CreateDirectory(directory["state"]);
        process = Process.Start(start) ?? throw new InvalidOperationException("ipmi_sim could not be started");
        await AnswersAsync(port);
    }

    // Asked by a presence ping (ASF 2.0, 3.2.4.2) until it answers; a port that is not open yet is said at once.
    private static async Task AnswersAsync(int port)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(TimeSpan.FromSeconds(30));
        using var asking = new UdpClient();
        asking.Connect(IPAddress.Loopback, port);
        while (true)
        {
            try
            {
                await asking.SendAsync(PresencePing, limit.Token);
                await asking.ReceiveAsync(limit.Token);
                return;
            }
            catch (SocketException refused) when (refused.SocketErrorCode == SocketError.ConnectionRefused)
            {
                await Task.Yield();
            }
        }
    }

    private Task WriteAsync(string file, string text) =>
        File.WriteAllTextAsync(directory[file], text.ReplaceLineEndings("\n") + "\n", TestContext.Current.CancellationToken);
}

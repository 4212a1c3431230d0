using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;

namespace Cozy.Fleet.Scenarios;

/// <summary>Whatever ends the demo ends everything that it started.</summary>
public sealed partial class CleanUpTests
{
    // Shorter than Kestrel's patience with a client that says nothing, which would close the connections, too.
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    private readonly CancellationToken cancellation = TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("KILL")]
    [InlineData("TERM")]
    public async Task Coordinator_and_agent_end_with_the_demo(string signal)
    {
        using var directory = new TestDirectory();
        using var demo = Start(directory);
        try
        {
            string? line;
            do
                line = await demo.StandardOutput.ReadLineAsync(cancellation);
            while (line?.Contains("are switched on", StringComparison.Ordinal) == false);
            var config = await File.ReadAllTextAsync(Path.Combine(directory.Path, "agent.yaml"), cancellation);
            using var coordinator = await ConnectAsync("127.0.0.1", int.Parse(Coordinator().Match(config).Groups[1].ValueSpan));
            using var agent = await ConnectAsync(Agent().Match(config).Groups[1].Value, 10080);

            using var kill = Process.Start("sh", ["-c", $"kill -{signal} {demo.Id}"]);
            await demo.WaitForExitAsync(cancellation);

            await AssertGoneAsync(coordinator);
            await AssertGoneAsync(agent);
        }
        finally
        {
            if (!demo.HasExited)
                demo.Kill();
            await demo.WaitForExitAsync(CancellationToken.None);
        }
    }

    private static Process Start(TestDirectory directory) => Process.Start(
        new ProcessStartInfo("dotnet", [Built.Program("Demo", "cozy-fleet-demo"), "--nodes", "1", "--directory", directory.Path])
        {
            WorkingDirectory = directory.Path,
            RedirectStandardOutput = true,
        }) ?? throw new InvalidOperationException("The demo could not be started.");

    private async Task<Socket> ConnectAsync(string address, int port)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Parse(address), port, cancellation);
        return socket;
    }

    // The kernel closes a connection when its process has ended, and not before.
    private async Task AssertGoneAsync(Socket socket)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(Limit);
        try
        {
            Assert.Equal(0, await socket.ReceiveAsync(new byte[1], limit.Token));
        }
        catch (SocketException reset)
        {
            Assert.Equal(SocketError.ConnectionReset, reset.SocketErrorCode);
        }
    }

    [GeneratedRegex(@"endpoint: https://127\.0\.0\.1:(\d+)")]
    private static partial Regex Coordinator();

    [GeneratedRegex(@"address: (127\.\d+\.\d+\.\d+)")]
    private static partial Regex Agent();
}

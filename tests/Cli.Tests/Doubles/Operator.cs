using System.Security.Cryptography.X509Certificates;
using System.Threading.Channels;
using Cozy.Fleet.Cli.Hosting;
using Spectre.Console;

namespace Cozy.Fleet.Cli.Tests.Doubles;

/// <summary>What a run of the program left behind.</summary>
internal sealed record Outcome(int Code, string Output, string Error);

/// <summary>The tests' clock: it stands still, its timers are real.</summary>
internal sealed class StandingClock : TimeProvider
{
    public static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    public override DateTimeOffset GetUtcNow() => Now;
}

/// <summary>An operator at the keyboard: runs the program in the test's process, against a fleet of its own.</summary>
internal sealed class Operator : IAsyncDisposable
{
    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("cozyfleet-test-");

    private Operator(FleetServer server) => Server = server;

    public FleetServer Server { get; }

    public FleetDouble Fleet => Server.Fleet;

    public bool IsInteractive { get; init; }

    /// <summary>Where the operator answers questions; null when nobody is there.</summary>
    public IAnsiConsole? Dialog { get; set; }

    public Dictionary<string, string> Environment { get; } = [];

    public string Input { get; set; } = "";

    public string ContextPath => Path("context.yaml");

    public static async Task<Operator> StartAsync(bool isInteractive = false, Func<TestCa, X509Certificate2>? certificate = null)
    {
        var cli = new Operator(await FleetServer.StartAsync(new StandingClock(), certificate)) { IsInteractive = isInteractive };
        cli.UseContext(cli.Server.Endpoint, cli.Server.Ca.Certificate, cli.Server.Ca.Client());
        return cli;
    }

    public string Path(string name) => System.IO.Path.Combine(directory.FullName, name);

    public string Write(string name, string text)
    {
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(Path(name))!);
        File.WriteAllText(Path(name), text);
        return Path(name);
    }

    public void UseContext(string endpoint, X509Certificate2 ca, X509Certificate2 client)
    {
        string Block(string pem) => string.Concat(pem.Split('\n').Select(line => $"\n  {line}"));
        Write("context.yaml", $"""
            endpoint: {endpoint}
            ca: |{Block(ca.ExportCertificatePem())}
            certificate: |{Block(client.ExportCertificatePem())}
            key: |{Block(client.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem())}
            """);
        Environment["COZY_FLEET_CONTEXT"] = ContextPath;
    }

    public async Task<Outcome> RunAsync(params string[] arguments)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var code = await CozyFleetProgram.RunAsync(arguments, Screen(output, error), TestContext.Current.CancellationToken);
        return new(code, output.ToString(), error.ToString().Replace(directory.FullName, "DIR", StringComparison.Ordinal));
    }

    /// <summary>Starts a run that goes on until it is stopped.</summary>
    public Running Start(params string[] arguments)
    {
        var stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        var (output, error) = (new ObservedWriter(), new ObservedWriter());
        return new(output, error, stop, Task.Run(() => CozyFleetProgram.RunAsync(arguments, Screen(output, error), stop.Token)));
    }

    public async ValueTask DisposeAsync()
    {
        await Server.DisposeAsync();
        directory.Delete(recursive: true);
    }

    private Terminal Screen(TextWriter output, TextWriter error) => new(new StringReader(Input), output, error)
    {
        IsInteractive = IsInteractive,
        Dialog = Dialog,
        Time = new StandingClock(),
        Environment = name => Environment.GetValueOrDefault(name),
    };
}

/// <summary>A run that goes on; Ctrl-C is <see cref="InterruptAsync"/>.</summary>
internal sealed record Running(ObservedWriter Output, ObservedWriter Error, CancellationTokenSource Stop, Task<int> Code)
{
    public async Task<int> InterruptAsync()
    {
        await Stop.CancelAsync();
        return await Code;
    }
}

/// <summary>A writer whose lines can be waited for.</summary>
internal sealed class ObservedWriter : TextWriter
{
    private readonly Channel<string> lines = Channel.CreateUnbounded<string>();
    private readonly System.Text.StringBuilder current = new();

    public override System.Text.Encoding Encoding => System.Text.Encoding.UTF8;

    public override void Write(char value)
    {
        if (value != '\n')
        {
            current.Append(value);
            return;
        }
        lines.Writer.TryWrite(current.ToString());
        current.Clear();
    }

    public async Task<string> NextAsync() => await lines.Reader.ReadAsync(TestContext.Current.CancellationToken);

    /// <summary>Reads on to this line; the run must say it.</summary>
    public async Task UntilAsync(string line)
    {
        while (await NextAsync() != line)
        {
        }
    }
}

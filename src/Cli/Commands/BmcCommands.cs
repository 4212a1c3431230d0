using System.CommandLine;
using Cozy.Fleet.Cli.Hosting;
using Cozy.Fleet.Cli.Kinds;
using Cozy.Fleet.Cli.Output;
using Cozy.Fleet.Contracts.V1;

namespace Cozy.Fleet.Cli.Commands;

/// <summary>`node bmc`: where a machine's BMC is. A password comes from a file or standard input, and is never shown.</summary>
internal static class BmcCommands
{
    public static Command Create(Shell shell) =>
        new("bmc", "Tells where a machine's BMC is, shows or forgets it.") { Set(shell), Show(shell), Forget(shell) };

    private static Command Set(Shell shell)
    {
        var name = Parameters.Name();
        var kind = new Option<string>("--kind") { Description = "redfish or ipmi.", HelpName = "KIND", Required = true };
        kind.AcceptOnlyFromAmong("redfish", "ipmi");
        var address = new Option<string>("--address") { Description = "A name or an address, with :PORT where it is not the usual one.", HelpName = "HOST", Required = true };
        var user = new Option<string>("--user") { Description = "Whom the BMC knows.", HelpName = "USER", Required = true };
        var password = new Option<string>("--password-file")
        {
            Description = "A file whose first line is the password, or - for standard input.", HelpName = "FILE", Required = true,
        };
        var ca = new Option<string?>("--ca")
        {
            Description = "Redfish: a PEM file with the CA of the BMC's certificate.",
            HelpName = "FILE"
        };
        var fingerprint = new Option<string?>("--fingerprint") { Description = "Redfish: the SHA-256 of a self-signed certificate.", HelpName = "HEX" };
        var system = new Option<string?>("--system") { Description = "Redfish: the machine's system where the BMC has several.", HelpName = "ID" };
        var suite = new Option<int>("--cipher-suite") { Description = "IPMI: its number; without it the best that the BMC names.", HelpName = "N" };
        return new Command("set", "Tells where the BMC is and how to log in there.") { name, kind, address, user,
            password, ca, fingerprint, system, suite }
            .With(shell.Run(async (session, arguments, cancellation) =>
            {
                var bmc = new Bmc
                {
                    Kind = arguments.GetRequiredValue(kind) == "ipmi" ? BmcKind.Ipmi : BmcKind.Redfish,
                    Address = arguments.GetRequiredValue(address), Username = arguments.GetRequiredValue(user),
                    Ca = arguments.GetValue(ca) is { } file ? Read(file, session) : "", Fingerprint = arguments.GetValue(fingerprint) ?? "",
                    System = arguments.GetValue(system) ?? "", CipherSuite = arguments.GetValue(suite),
                };
                var secret = FirstLine(Read(arguments.GetRequiredValue(password), session));
                var request = new SetNodeBmcRequest
                {
                    Name = arguments.GetRequiredValue(name), Bmc = bmc, Password = secret, RequestId = ResourceCalls.RequestId(),
                };
                var node = (await Client(session).SetNodeBmcAsync(request, cancellationToken: cancellation)).Node;
                await session.PrintAsync($"{KindTable.Node.Reference(node)} has its BMC at {bmc.Address}");
                return ExitCode.Ok;
            }));
    }

    private static Command Show(Shell shell)
    {
        var name = Parameters.Name();
        return new Command("show", "Where the BMC is; never its password.") { name }
            .With(shell.Run(async (session, arguments, cancellation) =>
            {
                var node = await session.Resources.GetAsync(KindTable.Node, arguments.GetRequiredValue(name), cancellation);
                if (((Node)node).Spec?.Bmc is not { } bmc)
                {
                    await session.PrintAsync($"{KindTable.Node.Reference(node)} has no BMC that was told.");
                    return ExitCode.Refused;
                }
                await session.PrintAsync(Description.Lines([.. Line.Pairs(
                    ("Kind", Words.Of(bmc.Kind)), ("Address", bmc.Address), ("User", bmc.Username), ("Fingerprint", bmc.Fingerprint),
                    ("CA", bmc.Ca == "" ? "" : "told"), ("System", bmc.System), ("Cipher suite", bmc.CipherSuite == 0
                        ? "" : $"{bmc.CipherSuite}"))]));
                return ExitCode.Ok;
            }));
    }

    private static Command Forget(Shell shell)
    {
        var name = Parameters.Name();
        return new Command("forget", "Forgets the BMC and its password; the machine is left as it is.") { name }
            .With(shell.Run(async (session, arguments, cancellation) =>
            {
                var request = new ForgetNodeBmcRequest { Name = arguments.GetRequiredValue(name), RequestId = ResourceCalls.RequestId() };
                var node = (await Client(session).ForgetNodeBmcAsync(request, cancellationToken: cancellation)).Node;
                await session.PrintAsync($"{KindTable.Node.Reference(node)} has no BMC any more");
                return ExitCode.Ok;
            }));
    }

    private static string Read(string file, Session session)
    {
        try
        {
            return file == "-" ? session.Terminal.Input.ReadToEnd() : File.ReadAllText(file);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new Failure(ExitCode.Usage, $"{file} cannot be read: {error.Message}");
        }
    }

    private static string FirstLine(string text) => text.ReplaceLineEndings("\n").Split('\n')[0];

    private static NodeService.NodeServiceClient Client(Session session) => new(session.Calls);
}

using System.CommandLine;
using System.Globalization;
using Cozy.Fleet.Cli.Hosting;
using Cozy.Fleet.Cli.Kinds;
using Cozy.Fleet.Cli.Output;
using Cozy.Fleet.Contracts.V1;

namespace Cozy.Fleet.Cli.Commands;

/// <summary>`lease`: the DHCP leases that a rack's agent keeps.</summary>
internal static class LeaseCommands
{
    private const int PageSize = 1000;

    public static Command Create(Shell shell) => new("lease", "Shows and ends the DHCP leases of a rack.") { List(shell), Release(shell) };

    private static Command List(Shell shell)
    {
        var (rack, output) = (Rack(), Parameters.Output("table", "csv", "json", "dnsmasq"));
        return new Command("list",
            "Shows the addresses that machines have, and those that rest because somebody else used them.") { rack, output }
            .With(shell.Run(async (session, arguments, cancellation) =>
            {
                var leases = await AllAsync(session, arguments.GetRequiredValue(rack), cancellation);
                await session.PrintAsync(arguments.GetRequiredValue(output) switch
                {
                    "csv" => Csv(leases),
                    "json" => [Json.List(leases)],
                    "dnsmasq" => leases.Where(lease => !lease.Quarantined).Select(DnsmasqLine),
                    _ => Table.Rows(["ADDRESS", "MAC", "STATE", "EXPIRES", "HOSTNAME"], leases.Select(Row)),
                });
                return ExitCode.Ok;
            }));
    }

    private static Command Release(Shell shell)
    {
        var rack = Rack();
        var addresses = new Argument<string[]>("ADDRESS") { Description = "One or more addresses.", Arity = ArgumentArity.OneOrMore };
        return new Command("release", "Ends leases or quarantines at once; the machines are not told.") { addresses, rack }
            .With(shell.Run(async (session, arguments, cancellation) =>
            {
                foreach (var address in arguments.GetRequiredValue(addresses))
                {
                    var request = new ReleaseLeaseRequest
                    {
                        Rack = arguments.GetRequiredValue(rack), Address = address, RequestId = ResourceCalls.RequestId(),
                    };
                    var ended = (await Client(session).ReleaseLeaseAsync(request, cancellationToken: cancellation)).Lease;
                    await session.PrintAsync($"{ended.Address} of {ended.Mac} released");
                }
                return ExitCode.Ok;
            }));
    }

    private static async Task<List<DhcpLease>> AllAsync(Session session, string rack, CancellationToken cancellation)
    {
        var leases = new List<DhcpLease>();
        var request = new ListLeasesRequest { Rack = rack, PageSize = PageSize };
        do
        {
            var page = await Client(session).ListLeasesAsync(request, cancellationToken: cancellation);
            leases.AddRange(page.Leases);
            request.PageToken = page.NextPageToken;
        }
        while (request.PageToken != "");
        return leases;
    }

    private static IReadOnlyList<string> Row(DhcpLease lease) =>
        [lease.Address, lease.Mac, State(lease), Words.Time(lease.ExpireTime), lease.Hostname];

    // Host names are RFC 1123 labels: nothing here needs quotes.
    private static IEnumerable<string> Csv(List<DhcpLease> leases) => leases.Select(Row)
        .Prepend(["address", "mac", "state", "expires", "hostname"]).Select(fields => string.Join(',', fields));

    // As dnsmasq writes its lease file: expiry in seconds, MAC address, address, name, client id; a star is unknown.
    private static string DnsmasqLine(DhcpLease lease) => string.Create(CultureInfo.InvariantCulture,
        $"{lease.ExpireTime.Seconds} {lease.Mac} {lease.Address} {(lease.Hostname == "" ? "*" : lease.Hostname)} *");

    private static string State(DhcpLease lease) => lease.Quarantined ? "quarantined" : "leased";

    private static Option<string> Rack() => new("--rack") { Description = "The rack.", HelpName = "RACK", Required = true };

    private static RackService.RackServiceClient Client(Session session) => new(session.Calls);
}

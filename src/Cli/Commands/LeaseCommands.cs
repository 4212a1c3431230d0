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
                    _ => Table.Rows(["ADDRESS", "MAC OR DUID", "STATE", "EXPIRES", "HOSTNAME"], leases.Select(Row)),
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
                    await session.PrintAsync($"{ended.Address} of {Owner(ended)} released");
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
        [lease.Address, Owner(lease), State(lease), Words.Time(lease.ExpireTime), lease.Hostname];

    // Whom IPv6 knows by no card has a DUID.
    private static string Owner(DhcpLease lease) => lease.Mac != "" ? lease.Mac : lease.Duid;

    // Host names are RFC 1123 labels: nothing here needs quotes.
    private static IEnumerable<string> Csv(List<DhcpLease> leases) => leases
        .Select(lease => (string[])[lease.Address, lease.Mac, State(lease), Words.Time(lease.ExpireTime),
            lease.Hostname, lease.Duid, Association(lease)])
        .Prepend(["address", "mac", "state", "expires", "hostname", "duid", "association"]).Select(fields => string.Join(',', fields));

    // As dnsmasq writes its lease file: expiry in seconds, MAC address (IPv6: association), address, name, client id; a star is unknown.
    private static string DnsmasqLine(DhcpLease lease)
    {
        var (key, id) = lease.Duid == "" ? (lease.Mac, "*") : (Association(lease), lease.Duid);
        var name = lease.Hostname == "" ? "*" : lease.Hostname;
        return string.Create(CultureInfo.InvariantCulture, $"{lease.ExpireTime.Seconds} {key} {lease.Address} {name} {id}");
    }

    private static string Association(DhcpLease lease) => lease.Duid == "" ? "" : lease.Association.ToString(CultureInfo.InvariantCulture);

    private static string State(DhcpLease lease) => lease.Quarantined ? "quarantined" : "leased";

    private static Option<string> Rack() => new("--rack") { Description = "The rack.", HelpName = "RACK", Required = true };

    private static RackService.RackServiceClient Client(Session session) => new(session.Calls);
}

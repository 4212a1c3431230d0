using System.Net;
using Cozy.Fleet.Agent.Observe;
using Cozy.Fleet.Contracts.V1;
using Cozy.Fleet.Talos;
using Grpc.Core;

namespace Cozy.Fleet.Agent.Commands;

/// <summary>
/// A config that may cut the node off: the node tries it, and keeps it only when it is still found (talos.md 5.7). Whoever is killed in
/// between leaves a node that goes back by itself.
/// </summary>
internal sealed class ConfigTrial(NodeDial dial, TimeProvider clock)
{
    private static readonly TimeSpan NodesOwnTime = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan LookLimit = TimeSpan.FromSeconds(5);

    // The node's clock began before the answer to the try was here.
    private static readonly TimeSpan Margin = TimeSpan.FromSeconds(2);

    public async Task<TalosResult> RunAsync(TalosConnection connection, Command command, CancellationToken cancellation)
    {
        var apply = command.ApplyConfiguration;
        var time = apply.TryTimeout?.ToTimeSpan() ?? NodesOwnTime;
        string boot;
        try
        {
            boot = (await new TalosReader(connection, cancellation).ViewAsync()).BootId;
        }
        catch (RpcException failure)
        {
            return TalosResult.From(failure, mutating: false);
        }
        var begin = clock.GetUtcNow();
        var tried = await new TalosOperator(connection, cancellation)
            .ApplyAsync(apply.Config.Memory, new ApplyOptions { Mode = Talos.ApplyMode.Try, TryTimeout = time });
        if (tried.Outcome.Failure is not (TalosFailure.None or TalosFailure.OutcomeUnknown))
            return tried.Outcome;
        // What was there before the change is answered from for a moment still; it proves nothing.
        await Task.Delay(time / 4, clock, cancellation);
        // When the answer got lost, only a new address shows that the node has the config at all.
        var known = dial.AddressOf(command.Node, command.Address);
        var places = apply.Addresses.Select(IPAddress.Parse).Append(known).OfType<IPAddress>().Distinct()
            .Where(place => tried.Outcome.Failure == TalosFailure.None || !place.Equals(known)).ToList();
        // Whoever looks until the node has gone back finds it, and confirms what cut it off.
        var lastLook = begin + (time * 3 / 4);
        while (lastLook - clock.GetUtcNow() is var left && left > TimeSpan.Zero)
        {
            var limit = left < LookLimit ? left : LookLimit;
            var looks = await Task.WhenAll(places.Select(place => IsAtAsync(place, command, boot, limit, cancellation)));
            if (Array.IndexOf(looks, true) is >= 0 and var found && clock.GetUtcNow() < lastLook)
                return await ConfirmAsync(places[found], command, cancellation);
            await Task.Delay(time / 20, clock, cancellation);
        }
        return await GivenUpAsync(places, begin + time + Margin, cancellation);
    }

    // Another node of the cluster would take this config just as well: the boot tells them apart.
    private async Task<bool> IsAtAsync(IPAddress place, Command command, string boot, TimeSpan time, CancellationToken cancellation)
    {
        using var connection = dial.At(place, command.Talos);
        using var deadline = new CancellationTokenSource(time, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, deadline.Token);
        try
        {
            return (await new TalosReader(connection, either.Token).ViewAsync()).BootId == boot;
        }
        catch (Exception silence) when (silence is RpcException or OperationCanceledException && !cancellation.IsCancellationRequested)
        {
            return false;
        }
    }

    private async Task<TalosResult> ConfirmAsync(IPAddress place, Command command, CancellationToken cancellation)
    {
        using var connection = dial.At(place, command.Talos);
        var kept = await new TalosOperator(connection, cancellation)
            .ApplyAsync(command.ApplyConfiguration.Config.Memory, new ApplyOptions { Mode = Talos.ApplyMode.NoReboot });
        return kept.Outcome.Failure == TalosFailure.None ? TalosResult.Done($"tried, and kept: it answers at {place}") : kept.Outcome;
    }

    // Until the node has gone back nobody else's turn begins.
    private async Task<TalosResult> GivenUpAsync(List<IPAddress> places, DateTimeOffset until, CancellationToken cancellation)
    {
        if (until - clock.GetUtcNow() is var left && left > TimeSpan.Zero)
            await Task.Delay(left, clock, cancellation);
        return new(TalosFailure.Environment,
            $"with this config the node did not answer at {string.Join(" or ", places)}, so it was not confirmed, and the node took it back");
    }
}

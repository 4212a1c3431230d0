using Cozy.Fleet.Agent.Boot;

namespace Cozy.Fleet.Agent.Tests.Boot;

public sealed class TransferTurnsTests
{
    private readonly TransferTurns turns = new(2);

    [Fact]
    public async Task A_machine_waits_for_its_own_transfers_and_no_other_machine_waits_for_them()
    {
        using var first = await Take("a");
        var second = await Take("a");
        var third = Take("a");
        using var other = await Take("b");
        Assert.False(third.IsCompleted);

        second.Dispose();

        using var turn = await third;
        Assert.False(Take("a").IsCompleted);
    }

    [Fact]
    public async Task Who_hangs_up_while_it_waits_takes_no_turn()
    {
        using var hangUp = new CancellationTokenSource();
        var first = await Take("a");
        using var second = await Take("a");
        var gone = turns.TakeAsync("a", hangUp.Token);
        var next = Take("a");

        await hangUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => gone);
        Assert.False(next.IsCompleted);
        first.Dispose();

        using var turn = await next;
    }

    [Fact]
    public async Task A_turn_ends_once()
    {
        var first = await Take("a");
        using var second = await Take("a");
        first.Dispose();
        first.Dispose();
        using var third = await Take("a");

        Assert.False(Take("a").IsCompleted);
    }

    private Task<IDisposable> Take(string machine) => turns.TakeAsync(machine, TestContext.Current.CancellationToken);
}

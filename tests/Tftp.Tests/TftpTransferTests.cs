namespace Cozy.Fleet.Tftp.Tests;

/// <summary>The sending side, packet by packet, at times that the test says.</summary>
public sealed class TftpTransferTests
{
    private static readonly DateTimeOffset Noon = new(2026, 1, 2, 12, 0, 0, TimeSpan.Zero);

    private readonly List<byte[]> sent = [];

    [Fact]
    public void Without_options_the_first_block_comes_at_once_and_a_short_one_ends_it()
    {
        var transfer = Start(new("f", false), 700);
        Assert.Equal(["DATA 1 512"], Said());
        Ack(transfer, 1);
        Assert.Equal(["DATA 2 188"], Said());
        Ack(transfer, 2);
        Assert.Equal(TftpOutcome.Completed, transfer.Outcome);
        Assert.Equal(700, transfer.BytesSent);
    }

    [Theory]
    [InlineData(0, "DATA 1 0")]
    [InlineData(512, "DATA 2 0")]
    [InlineData(511, "DATA 1 511")]
    public void Last_block_is_a_short_one_even_when_it_is_empty(int length, string last)
    {
        var transfer = Start(new("f", false), length);
        for (ushort block = 1; transfer.Outcome == TftpOutcome.Running; block++)
            Ack(transfer, block);
        Assert.Equal(last, Said()[^1]);
    }

    [Fact]
    public void Options_are_agreed_first_and_only_those_that_were_asked_for()
    {
        var transfer = Start(new("f", false) { BlockSize = 65464, TransferSize = true, WindowSize = 1000, TimeoutSeconds = 3 }, 5000);
        Assert.Equal(["OACK blksize=1468 tsize=5000 timeout=3 windowsize=64"], Said());
        Assert.Equal(Noon.AddSeconds(3), transfer.Deadline);
        Ack(transfer, 0);
        Assert.Equal(["DATA 1 1468", "DATA 2 1468", "DATA 3 1468", "DATA 4 596"], Said());
    }

    [Fact]
    public void Only_block_zero_takes_an_option_acknowledgement()
    {
        var transfer = Start(new("f", false) { TransferSize = true }, 100);
        Said();
        Ack(transfer, 1);
        Assert.Empty(Said());
        Ack(transfer, 0);
        Assert.Equal(["DATA 1 100"], Said());
    }

    [Fact]
    public void Silence_is_answered_with_the_same_again_ever_later_and_then_given_up()
    {
        var transfer = Start(new("f", false), 100);
        var waits = new List<double>();
        var now = Noon;
        while (transfer.Outcome == TftpOutcome.Running)
        {
            waits.Add((transfer.Deadline - now).TotalSeconds);
            now = transfer.Deadline;
            transfer.OnTimeout(now);
        }
        Assert.Equal([0.5, 1, 2, 4, 8, 8, 8], waits);
        Assert.Equal(Enumerable.Repeat("DATA 1 100", 7), Said());
        Assert.Equal(TftpOutcome.TimedOut, transfer.Outcome);
    }

    [Fact]
    public void Lost_option_acknowledgement_is_said_again()
    {
        var transfer = Start(new("f", false) { TransferSize = true }, 100);
        transfer.OnTimeout(transfer.Deadline);
        Assert.Equal(["OACK tsize=100", "OACK tsize=100"], Said());
    }

    [Fact]
    public void Repeated_acknowledgement_sends_nothing_twice()
    {
        var transfer = Start(new("f", false), 2000);
        Ack(transfer, 1);
        Said();
        Ack(transfer, 1);
        Ack(transfer, 0);
        Ack(transfer, 9);
        Assert.Empty(Said());
        Ack(transfer, 2);
        Assert.Equal(["DATA 3 512"], Said());
    }

    [Fact]
    public void Acknowledgement_inside_a_window_goes_on_behind_it()
    {
        var transfer = Start(new("f", false) { WindowSize = 4 }, 10_000);
        Ack(transfer, 0);
        Said();
        Ack(transfer, 2);
        Assert.Equal(["DATA 3 512", "DATA 4 512", "DATA 5 512", "DATA 6 512"], Said());
    }

    [Fact]
    public void Block_numbers_roll_over_to_zero()
    {
        const int Blocks = 70_000;
        var transfer = Start(new("f", false) { BlockSize = 8, WindowSize = 64 }, (8 * Blocks) + 3);
        Ack(transfer, 0);
        var seen = 0;
        while (transfer.Outcome == TftpOutcome.Running)
        {
            var window = Said();
            seen += window.Count;
            Ack(transfer, ushort.Parse(window[^1].Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture));
        }
        Assert.Equal((TftpOutcome.Completed, Blocks + 2), (transfer.Outcome, seen)); // and the OACK
    }

    [Fact]
    public void Client_that_says_error_has_ended_it()
    {
        var transfer = Start(new("f", false), 2000);
        transfer.OnPacket(TftpPacket.WriteError(TftpError.NotDefined, "User aborted the transfer"), Noon);
        Said();
        Ack(transfer, 1);
        transfer.OnTimeout(Noon);
        Assert.Equal(TftpOutcome.Aborted, transfer.Outcome);
        Assert.Empty(Said());
    }

    [Fact]
    public void Garbage_changes_nothing()
    {
        var transfer = Start(new("f", false), 2000);
        Said();
        foreach (var garbage in new byte[][] { [], [0], [0, 4], [0, 4, 0], [9, 9, 9, 9], [0, 1, 0, 0] })
            transfer.OnPacket(garbage, Noon);
        Assert.Empty(Said());
        Assert.Equal(TftpOutcome.Running, transfer.Outcome);
    }

    private TftpTransfer Start(TftpReadRequest request, int length)
    {
        var content = new byte[length];
        var transfer = new TftpTransfer(request, length, (offset, into) =>
        {
            var count = (int)Math.Min(into.Length, length - offset);
            content.AsSpan((int)offset, count).CopyTo(into);
            return count;
        }, packet => sent.Add(packet.ToArray()));
        transfer.Start(Noon);
        return transfer;
    }

    private static void Ack(TftpTransfer transfer, ushort block) => transfer.OnPacket(TftpPacket.WriteAck(block), Noon);

    // What was sent since the last time, as words.
    private List<string> Said()
    {
        var words = sent.ConvertAll(packet => TftpPacket.OpcodeOf(packet) == TftpOpcode.OptionAck
            ? "OACK " + string.Join(' ', TftpPacket.ReadOptionAck(packet).Select(o => $"{o.Key}={o.Value}"))
            : $"DATA {TftpPacket.BlockOf(packet)} {packet.Length - 4}");
        sent.Clear();
        return words;
    }
}

using System.Text;

namespace Cozy.Fleet.Tftp.Tests;

/// <summary>RFC 1350, 2347, 2348, 2349 and 7440, from the server's side.</summary>
public sealed class TftpTransferTests
{
    private static readonly TftpReadRequest Plain = new("x", false);

    [Theory]
    [InlineData(0, 1)] // an empty file is one empty block
    [InlineData(511, 1)]
    [InlineData(512, 2)] // an exact multiple needs an empty block at its end
    [InlineData(1300, 3)]
    public void A_file_ends_with_a_short_block(int length, int blocks)
    {
        var exchange = new Exchange(Plain, new byte[length]);
        for (var block = 1; block <= blocks; block++)
        {
            Assert.Equal(TftpOutcome.Running, exchange.Transfer.Outcome);
            Assert.Equal([$"D{block}"], exchange.Take());
            exchange.Ack(block);
        }
        Assert.Equal(TftpOutcome.Completed, exchange.Transfer.Outcome);
        Assert.Equal(length, exchange.Transfer.BytesSent);
    }

    [Fact]
    public void The_oack_names_what_was_asked_and_nothing_else()
    {
        var exchange = new Exchange(Plain with { BlockSize = 65464, TransferSize = true }, new byte[5000]);

        Assert.Equal("\0\u0006blksize\01468\0tsize\05000\0", Encoding.Latin1.GetString(exchange.Sent.Single()));
        exchange.Sent.Clear();
        exchange.Ack(0);
        Assert.Equal(4 + 1468, exchange.Sent.Single().Length);
    }

    [Fact]
    public void Every_option_is_agreed_on()
    {
        var exchange = new Exchange(Plain with { BlockSize = 1024, TimeoutSeconds = 3, WindowSize = 200 }, new byte[5000]);

        Assert.Equal("\0\u0006blksize\01024\0timeout\03\0windowsize\064\0", Encoding.Latin1.GetString(exchange.Sent.Single()));
        Assert.Equal(TimeSpan.FromSeconds(3), exchange.WaitOut());
        Assert.Equal(["OACK", "OACK"], exchange.Take());
    }

    [Theory]
    [InlineData(6, 16, 6)] // in a crowd each gets its share…
    [InlineData(6, 4, 4)] // …and no more than it wished for
    [InlineData(0, 4, 1)]
    public void A_window_is_no_larger_than_the_servers_share(int share, int wished, int window)
    {
        var exchange = new Exchange(Plain with { WindowSize = wished }, new byte[512 * 20], maximumWindow: share);

        Assert.Equal($"\0\u0006windowsize\0{window}\0", Encoding.Latin1.GetString(exchange.Sent.Single()));
        exchange.Sent.Clear();
        exchange.Ack(0);
        Assert.Equal(window, exchange.Sent.Count);
    }

    [Fact]
    public void An_unanswered_block_is_sent_again_ever_more_patiently_and_then_given_up()
    {
        var exchange = new Exchange(Plain, new byte[100]);

        double[] waits = [.. Enumerable.Range(0, 7).Select(_ => exchange.WaitOut().TotalSeconds)];

        Assert.Equal([0.5, 1, 2, 4, 8, 8, 8], waits);
        Assert.Equal(["D1", "D1", "D1", "D1", "D1", "D1", "D1"], exchange.Take());
        Assert.Equal(TftpOutcome.TimedOut, exchange.Transfer.Outcome);
    }

    [Fact]
    public void A_lost_oack_is_sent_again_and_the_file_follows()
    {
        var exchange = new Exchange(Plain with { BlockSize = 512 }, new byte[100]);
        exchange.WaitOut();

        Assert.Equal(["OACK", "OACK"], exchange.Take());
        Assert.Equal(["D1"], exchange.Ack(0).Take());
        Assert.Equal(TftpOutcome.Completed, exchange.Ack(1).Transfer.Outcome);
    }

    [Fact]
    public void The_next_block_is_read_while_the_client_takes_this_one_and_this_one_can_still_be_sent_again()
    {
        byte[] file = [.. Enumerable.Range(0, 1300).Select(i => (byte)(i / 512))];
        var exchange = new Exchange(Plain, file);
        Assert.Equal(2, exchange.Reads);

        exchange.WaitOut();
        exchange.Ack(1).Ack(2);

        Assert.Equal([0, 0, 1, 2], exchange.Sent.Select(packet => packet[^1]));
        Assert.Equal(["D1", "D1", "D2", "D3"], exchange.Take());
    }

    [Fact]
    public void A_repeated_acknowledgement_sends_nothing_twice()
    {
        var exchange = new Exchange(Plain, new byte[2000]);
        exchange.Take();
        exchange.Ack(1);
        exchange.Ack(1).Ack(0).Ack(1);

        // The Sorcerer's Apprentice (RFC 1123 4.2.3.1) would answer each of them.
        Assert.Equal(["D2"], exchange.Take());
    }

    [Fact]
    public void An_acknowledgement_of_what_was_never_sent_is_ignored()
    {
        var exchange = new Exchange(Plain, new byte[2000]);
        exchange.Take();

        Assert.Empty(exchange.Ack(2).Ack(700).Take());
        Assert.Equal(["D2"], exchange.Ack(1).Take());
    }

    [Fact]
    public void A_window_is_sent_at_once_and_goes_on_behind_the_last_block_that_arrived()
    {
        var exchange = new Exchange(Plain with { WindowSize = 4 }, new byte[512 * 10]);
        exchange.Ack(0);

        Assert.Equal(["OACK", "D1", "D2", "D3", "D4"], exchange.Take());
        Assert.Equal(["D3", "D4", "D5", "D6"], exchange.Ack(2).Take());
        Assert.Equal(["D7", "D8", "D9", "D10"], exchange.Ack(6).Take());
        exchange.WaitOut();
        Assert.Equal(["D7", "D8", "D9", "D10"], exchange.Take());
        Assert.Equal(["D11"], exchange.Ack(10).Take());
        Assert.Equal(TftpOutcome.Completed, exchange.Ack(11).Transfer.Outcome);
    }

    [Fact]
    public void Block_numbers_go_on_with_zero_behind_65535()
    {
        var exchange = new Exchange(Plain with { BlockSize = 8 }, new byte[8 * 65_540]);
        exchange.Ack(0);
        for (var block = 1L; block <= 65_541; block++)
        {
            Assert.Equal((ushort)block, TftpPacket.BlockOf(exchange.Sent[^1]));
            exchange.Sent.Clear();
            exchange.Ack((ushort)block);
        }
        Assert.Equal((TftpOutcome.Completed, 8L * 65_540), (exchange.Transfer.Outcome, exchange.Transfer.BytesSent));
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 1)]
    public void A_client_may_say_which_number_follows_65535(int rollover, int follower)
    {
        var exchange = new Exchange(Plain with { BlockSize = 8, WindowSize = 4, Rollover = rollover }, new byte[8 * 65_540]);
        Assert.EndsWith($"rollover\0{rollover}\0", Encoding.Latin1.GetString(exchange.Sent.Single()), StringComparison.Ordinal);
        exchange.Ack(0);
        for (var block = 4; block <= 65_532; block += 4)
            exchange.Ack(block);
        exchange.Take();

        exchange.Ack(65_534);
        Assert.Equal(["D65535", $"D{follower}", $"D{follower + 1}", $"D{follower + 2}"], exchange.Take());
        exchange.Ack(follower + 2);
        Assert.Equal([$"D{follower + 3}", $"D{follower + 4}", $"D{follower + 5}"], exchange.Take());
        Assert.Equal(TftpOutcome.Completed, exchange.Ack(follower + 5).Transfer.Outcome);
    }

    [Fact]
    public void A_lost_first_block_of_a_window_is_sent_again_at_once_and_only_once()
    {
        var exchange = new Exchange(Plain with { WindowSize = 3 }, new byte[512 * 10]);
        exchange.Ack(0).Ack(3).Take();

        // RFC 7440 4: the receiver names the last block that it has.
        Assert.Equal(["D4", "D5", "D6"], exchange.Ack(3).Take());
        Assert.Empty(exchange.Ack(3).Ack(3).Take());
        Assert.Equal(["D7", "D8", "D9"], exchange.Ack(6).Take());
        Assert.Equal(["D7", "D8", "D9"], exchange.Ack(6).Take());
    }

    [Fact]
    public void A_client_that_asks_for_long_waits_does_not_hold_its_place_for_half_an_hour()
    {
        var exchange = new Exchange(Plain with { TimeoutSeconds = 255 }, new byte[100]);

        exchange.WaitOut();
        Assert.Equal((TftpOutcome.Running, 2), (exchange.Transfer.Outcome, exchange.Sent.Count));
        exchange.WaitOut();
        Assert.Equal((TftpOutcome.TimedOut, 2), (exchange.Transfer.Outcome, exchange.Sent.Count));
    }

    [Fact]
    public void A_client_that_only_wanted_the_size_is_no_failure()
    {
        // EDK2 asks for tsize, says ERROR 8, and comes again (netboot.md 13.3).
        var exchange = new Exchange(Plain with { TransferSize = true }, new byte[2000]);
        exchange.Transfer.OnPacket(TftpPacket.WriteError(TftpError.OptionRefused, "enough"), exchange.Clock.GetUtcNow());

        Assert.Equal(TftpOutcome.Aborted, exchange.Transfer.Outcome);
        Assert.Empty(exchange.Ack(0).Take().Skip(1));
    }

    [Fact]
    public void The_server_and_the_simulated_firmware_understand_each_other_over_a_lossy_link()
    {
        var (file, seed) = (new byte[300_000], 7);
        new Random(seed).NextBytes(file);
        var (dice, into) = (new Random(seed), new MemoryStream());
        Exchange? server = null;
        var toServer = new Queue<byte[]>();
        var client = new TftpDownload("x", 1468, 4, into, packet => toServer.Enqueue(packet.ToArray()));
        client.Start();

        for (var step = 0; !client.Completed; step++)
        {
            Assert.True(step < 20_000, $"seed {seed}: no progress");
            if (toServer.TryDequeue(out var request) && dice.NextDouble() > 0.1)
            {
                if (server is null && TftpPacket.TryReadRequest(request, out var read, out _))
                    server = new(read, file);
                else
                    server?.Transfer.OnPacket(request, server.Clock.GetUtcNow());
            }
            else if (toServer.Count == 0 && server?.Sent.Count is null or 0)
            {
                client.OnTimeout();
                server?.WaitOut();
            }
            foreach (var packet in server?.Sent.ToArray() ?? [])
            {
                if (dice.NextDouble() > 0.1)
                    client.OnPacket(packet);
            }
            server?.Sent.Clear();
        }
        Assert.Equal(file, into.ToArray());
        Assert.Equal(file.Length, client.AnnouncedLength);
    }

    [Fact]
    public void Packets_of_any_length_and_content_do_not_disturb_a_transfer()
    {
        var exchange = new Exchange(Plain, new byte[2000]);
        exchange.Take();
        var ack = TftpPacket.WriteAck(1);
        for (var length = 0; length < ack.Length; length++)
            exchange.Transfer.OnPacket(ack.AsSpan(0, length), exchange.Clock.GetUtcNow());
        exchange.Transfer.OnPacket(TftpPacket.WriteRequest("x", 512, 1), exchange.Clock.GetUtcNow());
        exchange.Transfer.OnPacket([0, 99, 1, 2, 3], exchange.Clock.GetUtcNow());

        Assert.Empty(exchange.Take());
        Assert.Equal(["D2"], exchange.Ack(1).Take());
    }
}

using System.Text;

namespace Cozy.Fleet.Tftp.Tests;

public sealed class TftpPacketTests
{
    [Theory]
    [InlineData("octet", false)]
    [InlineData("OCTET", false)]
    [InlineData("NetAscii", true)]
    public void Modes_are_read_in_any_case(string mode, bool netascii)
    {
        Assert.True(TftpPacket.TryReadRequest(Request("f", mode), out var request, out _));
        Assert.Equal(new("f", netascii), request);
    }

    [Fact]
    public void Options_are_read_in_any_case_and_unknown_ones_passed_over()
    {
        Assert.True(TftpPacket.TryReadRequest(
            Request("f", "octet", "BLKSIZE", "1432", "tsize", "0", "x-odd", "7", "Timeout", "5", "windowsize", "16"), out var request, out _));

        Assert.Equal(new("f", false) { BlockSize = 1432, TransferSize = true, TimeoutSeconds = 5, WindowSize = 16 }, request);
    }

    [Theory]
    [InlineData("blksize", "7")]
    [InlineData("blksize", "65465")]
    [InlineData("blksize", "1e3")]
    [InlineData("blksize", "-8")]
    [InlineData("tsize", "x")]
    [InlineData("rollover", "2")]
    [InlineData("timeout", "0")]
    [InlineData("timeout", "256")]
    [InlineData("windowsize", "0")]
    [InlineData("windowsize", "99999999999")]
    public void A_value_out_of_range_is_as_if_it_had_not_been_sent(string option, string value)
    {
        Assert.True(TftpPacket.TryReadRequest(Request("f", "octet", option, value), out var request, out _));
        Assert.Equal(new("f", false), request);
    }

    [Fact]
    public void The_size_of_a_text_transfer_is_not_promised()
    {
        Assert.True(TftpPacket.TryReadRequest(Request("f", "netascii", "tsize", "0"), out var request, out _));
        Assert.False(request.TransferSize);
    }

    [Theory]
    [InlineData(1, "f\0mail\0", TftpError.IllegalOperation, "unknown-mode")]
    [InlineData(1, "f\0\u001b[31m\0", TftpError.IllegalOperation, "unknown-mode")]
    [InlineData(2, "f\0octet\0", TftpError.AccessViolation, "write-refused")]
    [InlineData(1, "f\0octet", TftpError.IllegalOperation, "truncated")]
    [InlineData(1, "\0octet\0", TftpError.IllegalOperation, "truncated")]
    [InlineData(3, "\0\u0001data", TftpError.IllegalOperation, "not-a-request")]
    [InlineData(77, "", TftpError.IllegalOperation, "not-a-request")]
    public void What_is_no_read_request_is_refused_with_its_code_and_word(byte opcode, string rest, TftpError code, string reason)
    {
        Assert.False(TftpPacket.TryReadRequest([0, opcode, .. Encoding.Latin1.GetBytes(rest)], out _, out var refusal));
        Assert.Equal((code, reason), (refusal.Code, refusal.Reason));
        Assert.DoesNotContain(refusal.Message, char.IsControl);
    }

    [Fact]
    public void Every_prefix_of_a_request_is_read_or_refused()
    {
        var request = Request("b/abcdefgh/snponly.efi", "octet", "tsize", "0", "blksize", "1468", "windowsize", "4");
        for (var length = 0; length < request.Length; length++)
        {
            var whole = TftpPacket.TryReadRequest(request.AsSpan(0, length), out var read, out var refusal);
            Assert.True(whole ? read.FileName == "b/abcdefgh/snponly.efi" : refusal.Message != "", $"{length} bytes");
        }
    }

    [Fact]
    public void Every_flipped_bit_of_a_request_and_of_an_answer_is_read_or_refused()
    {
        byte[][] packets = [Request("b/a/f", "octet", "tsize", "0"), TftpPacket.WriteOptionAck([("tsize", 7)]), TftpPacket.WriteError(TftpError.FileNotFound, "no")];
        var accepted = 0;
        foreach (var packet in packets)
        {
            for (var bit = 0; bit < packet.Length * 8; bit++)
            {
                var flipped = packet.ToArray();
                flipped[bit / 8] ^= (byte)(1 << (bit % 8));
                accepted += TftpPacket.TryReadRequest(flipped, out _, out _) ? 1 : 0;
                Assert.True(TftpPacket.ReadOptionAck(flipped).Count <= 2);
                Assert.True(TftpPacket.ReadError(flipped).Message.All(c => c is >= ' ' and <= '~'));
            }
        }
        Assert.InRange(accepted, 1, packets[0].Length * 8);
    }

    [Fact]
    public void Text_goes_out_with_the_line_ends_of_netascii() =>
        Assert.Equal("a\r\nb\r\0c", Encoding.ASCII.GetString(Netascii.Encode("a\nb\rc"u8)));

    private static byte[] Request(params string[] words) => [0, 1, .. Encoding.Latin1.GetBytes(string.Concat(words.Select(w => w + "\0")))];
}

using System.Text;

namespace Cozy.Fleet.Tftp.Tests;

public sealed class TftpPacketTests
{
    [Theory]
    [InlineData("\0\u0001f\0octet\0", "")]
    [InlineData("\0\u0001f\0OcTeT\0", "")]
    [InlineData("\0\u0001f\0netascii\0", "")]
    [InlineData("\0\u0001f\0mail\0", "unknown-mode")]
    [InlineData("\0\u0001f\0\0", "unknown-mode")]
    [InlineData("\0\u0001f\0octet", "truncated")]
    [InlineData("\0\u0001f", "truncated")]
    [InlineData("\0\u0001\0octet\0", "truncated")]
    [InlineData("\0\u0001", "truncated")]
    [InlineData("\0\u0002f\0octet\0", "write-request")]
    [InlineData("\0\u0004\0\u0001", "no-request")]
    [InlineData("\0", "no-request")]
    [InlineData("", "no-request")]
    [InlineData("garbage", "no-request")]
    public void Request_is_read_or_refused_for_a_reason(string packet, string reason)
    {
        var good = TftpPacket.TryReadRequest(Encoding.Latin1.GetBytes(packet), out var request, out var refusal);
        Assert.Equal((reason == "", reason), (good, refusal.Reason ?? ""));
        Assert.Equal(good ? "f" : "", request.FileName);
    }

    [Theory]
    [InlineData("blksize\01432\0tsize\00\0timeout\05\0windowsize\016\0", 1432, true, 5, 16)]
    [InlineData("BLKSIZE\08\0TSize\00\0", 8, true, null, null)]
    [InlineData("blksize\07\0timeout\00\0windowsize\00\0", null, false, null, null)] // out of range: as if not sent
    [InlineData("blksize\065465\0timeout\0256\0windowsize\065536\0", null, false, null, null)]
    [InlineData("blksize\0-1\0tsize\0x\0", null, false, null, null)]
    [InlineData("unknown\01\0multicast\0\0blksize\0512\0", 512, false, null, null)]
    [InlineData("blksize\0", null, false, null, null)]
    [InlineData("blksize\0512", null, false, null, null)]
    public void Options_are_read_as_far_as_they_make_sense(string options, int? blockSize, bool size, int? timeout, int? window)
    {
        Assert.True(TftpPacket.TryReadRequest(Encoding.Latin1.GetBytes("\0\u0001f\0octet\0" + options), out var request, out _));
        Assert.Equal((blockSize, size, timeout, window),
            (request.BlockSize, request.TransferSize, request.TimeoutSeconds, request.WindowSize));
    }

    [Fact]
    public void Size_of_a_text_is_not_promised()
    {
        Assert.True(TftpPacket.TryReadRequest("\0\u0001f\0netascii\0tsize\00\0"u8, out var request, out _));
        Assert.Equal((true, false), (request.Netascii, request.TransferSize));
    }

    [Fact]
    public void Every_prefix_of_a_request_is_refused_or_readable()
    {
        var packet = TftpPacket.WriteRequest("b/abc/undionly.kpxe", 1468, 16);
        for (var length = 0; length <= packet.Length; length++)
        {
            var good = TftpPacket.TryReadRequest(packet.AsSpan(0, length), out var request, out var refusal);
            Assert.Equal(good, refusal == default);
            Assert.True(!good || request.FileName == "b/abc/undionly.kpxe");
        }
    }

    [Theory]
    [InlineData("undionly.kpxe", "undionly.kpxe")]
    [InlineData("/b//abc/undionly.kpxe", "b/abc/undionly.kpxe")]
    [InlineData("b\\abc\\undionly.kpxe\u00ff", "b/abc/undionly.kpxe")]
    [InlineData("../etc/shadow", null)]
    [InlineData("b/../../etc/shadow", null)]
    [InlineData("..\\etc\\shadow", null)]
    [InlineData("./f", null)]
    [InlineData("C:\\boot.ini", null)]
    [InlineData("f\u0007", null)]
    [InlineData("/", null)]
    [InlineData("", null)]
    public void Paths_are_mended_or_refused(string sent, string? path)
    {
        var good = TftpPath.TryNormalize(sent, out var normalized);
        Assert.Equal(path, good ? normalized : null);
    }

    [Fact]
    public void Netascii_has_its_own_line_ends() =>
        Assert.Equal("a\r\nb\r\0c\r\0\r\n"u8.ToArray(), Netascii.Encode("a\nb\rc\r\n"u8));
}

using System.Text;
using Cozy.Fleet.Tftp;

namespace Cozy.Fleet.Agent.Tests.Fuzz;

/// <summary>A datagram as a request, as a packet of a running transfer, and as a server's answer.</summary>
internal sealed class TftpTarget : IFuzzTarget
{
    private const int Length = 5000;

    private static readonly DateTimeOffset Now = DateTimeOffset.UnixEpoch;

    public string Name => "tftp";

    public IReadOnlyList<byte[]> Samples { get; } =
    [
        Request("undionly.kpxe", "octet"),
        Request("b/abcdefgh/snponly.efi", "octet", "tsize", "0", "blksize", "1468", "windowsize", "4"),
        Request("\\b\\abcdefgh\\undionly.kpxe\u00ff", "netascii", "timeout", "5", "rollover", "1"),
        TftpPacket.WriteAck(0), TftpPacket.WriteAck(1), TftpPacket.WriteAck(65535),
        TftpPacket.WriteError(TftpError.OptionRefused, "enough"),
        TftpPacket.WriteOptionAck([("blksize", 1468), ("tsize", Length), ("windowsize", 4)]),
        [0, 3, 0, 1, .. new byte[512]],
    ];

    public void Run(byte[] input)
    {
        if (TftpPacket.TryReadRequest(input, out var request, out var refusal))
            Transfer(request, input);
        else
            FuzzFailure.Unless(refusal.Message.All(c => c is >= ' ' and <= '~'), "a refusal holds what no terminal should see");
        if (input.Length < 2)
            return;
        using var into = new MemoryStream();
        var download = new TftpDownload("x", 1468, 4, into, _ => { });
        download.Start();
        download.OnPacket(input);
        FuzzFailure.Unless(into.Length <= input.Length, "more was received than was sent");
    }

    private static void Transfer(TftpReadRequest request, byte[] input)
    {
        if (TftpPath.TryNormalize(request.FileName, out var path))
            FuzzFailure.Unless(Path.GetFullPath(Path.Combine("/srv/x", path)).StartsWith("/srv/x/", StringComparison.Ordinal), $"'{path}' leaves the root");
        var sent = 0;
        var transfer = new TftpTransfer(request, Length, Read, packet =>
        {
            sent++;
            FuzzFailure.Unless(packet.Length is >= 4 and <= 1472, $"a packet of {packet.Length} bytes");
        });
        transfer.Start(Now);
        transfer.OnPacket(input, Now);
        foreach (var block in new ushort[] { 0, 1, 0, 2, 65535 })
            transfer.OnPacket(TftpPacket.WriteAck(block), Now);
        while (transfer.Outcome == TftpOutcome.Running)
            transfer.OnTimeout(transfer.Deadline);
        // No stranger makes us send without an end: so many windows, so many times again.
        FuzzFailure.Unless(sent <= 64 * 13, $"{sent} packets were sent");
    }

    private static int Read(long offset, Span<byte> into)
    {
        FuzzFailure.Unless(offset is >= 0 and <= Length, $"the file was read at {offset}");
        var count = (int)Math.Min(into.Length, Length - offset);
        into[..count].Clear();
        return count;
    }

    private static byte[] Request(params string[] words) => [0, 1, .. Encoding.Latin1.GetBytes(string.Concat(words.Select(w => w + "\0")))];
}

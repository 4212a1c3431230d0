using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Cozy.Fleet.Agent.Boot;

/// <summary>
/// A program of classic BPF that decides in the kernel which packets a packet socket hears: assets go over the same link, and are none of
/// its business. The packet begins with its IP header.
/// </summary>
internal sealed class PacketFilter(params (ushort Code, byte True, byte False, uint Operand)[] program)
{
    // Linux: SOL_SOCKET, SO_ATTACH_FILTER.
    private const int SocketLevel = 1;
    private const int AttachFilter = 26;

    // Load a byte or a half word, at a place or behind X; jump if equal, if any bit is set; X is the IP header's length; take or drop.
    private const ushort Byte = 0x30;
    private const ushort Half = 0x28;
    private const ushort HalfBehind = 0x48;
    private const ushort IsEqual = 0x15;
    private const ushort HasBits = 0x45;
    private const ushort HeaderLength = 0xb1;
    private const ushort Return = 0x06;
    private const uint Udp = 17;

    /// <summary>UDP over IPv4 to this port; no fragment but the first.</summary>
    public static PacketFilter UdpOverIpv4(ushort port) => new(
        (Byte, 0, 0, 9), (IsEqual, 0, 6, Udp), (Half, 0, 0, 6), (HasBits, 4, 0, 0x1fff), (HeaderLength, 0, 0, 0), (HalfBehind, 0, 0, 2),
        (IsEqual, 0, 1, port), (Return, 0, 0, 0xffff), (Return, 0, 0, 0));

    /// <summary>UDP over IPv6 to this port, right behind the header.</summary>
    public static PacketFilter UdpOverIpv6(ushort port) => new(
        (Byte, 0, 0, 6), (IsEqual, 0, 3, Udp), (Half, 0, 0, 42), (IsEqual, 0, 1, port), (Return, 0, 0, 0xffff), (Return, 0, 0, 0));

    public void Attach(Socket socket)
    {
        var bytes = new byte[8 * program.Length];
        for (var i = 0; i < program.Length; i++)
        {
            BitConverter.TryWriteBytes(bytes.AsSpan(8 * i), program[i].Code);
            (bytes[(8 * i) + 2], bytes[(8 * i) + 3]) = (program[i].True, program[i].False);
            BitConverter.TryWriteBytes(bytes.AsSpan((8 * i) + 4), program[i].Operand);
        }
        var pinned = GCHandle.Alloc(bytes, GCHandleType.Pinned);
        try
        {
            // struct sock_fprog: the count, and behind a gap the address of the program, which is copied.
            var argument = new byte[16];
            BitConverter.TryWriteBytes(argument, (ushort)program.Length);
            BitConverter.TryWriteBytes(argument.AsSpan(8), pinned.AddrOfPinnedObject().ToInt64());
            socket.SetRawSocketOption(SocketLevel, AttachFilter, argument);
        }
        finally
        {
            pinned.Free();
        }
    }
}

using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Cozy.Fleet.Agent.Boot.Tftp;

/// <summary>
/// recvfrom(2), sendto(2), connect(2) and shutdown(2) as they are. .NET's own are recvmsg(2) and sendmsg(2) with checks of theirs, which was a
/// twentieth of a lone transfer's time; and its sockets cannot be connected to an address that the kernel wrote.
/// </summary>
internal static class DatagramCalls
{
    private const int ReadAndWrite = 2; // SHUT_RDWR
    private const int DontWait = 0x40; // MSG_DONTWAIT
    private const int Interrupted = 4; // EINTR
    private const int TryAgain = 11; // EAGAIN

    // What an ICMP message is told to a connected socket as (icmp(7)): ECONNREFUSED, EHOSTUNREACH, ENETUNREACH, ENOPROTOOPT. Anybody may have
    // written it, so it weighs no more than silence.
    private static readonly int[] WordsOfTheNetwork = [111, 113, 101, 92];

    /// <summary>From now on only that peer's datagrams come in, and <see cref="Send(Socket, ReadOnlySpan{byte})"/> goes to it.</summary>
    /// <exception cref="SocketException">There is no way to it.</exception>
    public static void Connect(Socket socket, SocketAddress peer)
    {
        if (Connect(NumberOf(socket), ref MemoryMarshal.GetReference(peer.Buffer.Span), (uint)peer.Size) != 0)
            throw new SocketException(Marshal.GetLastPInvokeError());
    }

    /// <summary>Takes a datagram of a connected socket's peer. Null: there is none.</summary>
    /// <exception cref="SocketException">It cannot be had.</exception>
    public static int? Receive(Socket socket, Span<byte> into)
    {
        var none = 0u;
        return Received(ReceiveFrom(NumberOf(socket), ref MemoryMarshal.GetReference(into), (nuint)into.Length, DontWait, ref Unsafe.NullRef<byte>(),
            ref none));
    }

    /// <summary>The same of anybody.</summary>
    /// <param name="sender">Takes who that was.</param>
    /// <exception cref="SocketException">It cannot be had.</exception>
    public static int? Receive(Socket socket, Span<byte> into, SocketAddress sender)
    {
        var address = sender.Buffer.Span;
        var length = (uint)address.Length;
        var count = Received(ReceiveFrom(NumberOf(socket), ref MemoryMarshal.GetReference(into), (nuint)into.Length, DontWait,
            ref MemoryMarshal.GetReference(address), ref length));
        if (count is not null)
            sender.Size = (int)length;
        return count;
    }

    /// <summary>To the peer of a connected socket.</summary>
    /// <exception cref="SocketException">It cannot be sent.</exception>
    public static void Send(Socket socket, ReadOnlySpan<byte> packet) =>
        Sent(SendTo(NumberOf(socket), ref MemoryMarshal.GetReference(packet), (nuint)packet.Length, 0, ref Unsafe.NullRef<byte>(), 0));

    /// <exception cref="SocketException">It cannot be sent.</exception>
    public static void Send(Socket socket, ReadOnlySpan<byte> packet, SocketAddress to) =>
        Sent(SendTo(NumberOf(socket), ref MemoryMarshal.GetReference(packet), (nuint)packet.Length, 0,
            ref MemoryMarshal.GetReference(to.Buffer.Span), (uint)to.Size));

    /// <summary>Whoever waits for the socket waits no more. One that is not connected says that it is not, and does so all the same.</summary>
    public static void EndWaits(Socket socket) => _ = Shutdown(NumberOf(socket), ReadAndWrite);

    /// <summary>The kernel's name for it. It is not held meanwhile, as .NET would do: one thread alone uses the socket and disposes of it.</summary>
    public static int NumberOf(Socket socket) => (int)socket.SafeHandle.DangerousGetHandle();

    private static int? Received(nint count) => count >= 0 ? (int)count
        : Marshal.GetLastPInvokeError() is not (TryAgain or Interrupted) and var error && !WordsOfTheNetwork.Contains(error)
            ? throw new SocketException(error)
            : null;

    private static void Sent(nint count)
    {
        if (count < 0 && Marshal.GetLastPInvokeError() is var error && !WordsOfTheNetwork.Contains(error))
            throw new SocketException(error);
    }

    [DllImport("libc", EntryPoint = "connect", SetLastError = true)]
    private static extern int Connect(int socket, ref byte address, uint addressLength);

    [DllImport("libc", EntryPoint = "recvfrom", SetLastError = true)]
    private static extern nint ReceiveFrom(int socket, ref byte into, nuint length, int flags, ref byte address, ref uint addressLength);

    [DllImport("libc", EntryPoint = "sendto", SetLastError = true)]
    private static extern nint SendTo(int socket, ref byte packet, nuint length, int flags, ref byte address, uint addressLength);

    [DllImport("libc", EntryPoint = "shutdown", SetLastError = true)]
    private static extern int Shutdown(int socket, int how);
}

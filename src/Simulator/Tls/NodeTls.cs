using System.IO.Pipelines;
using System.Security.Cryptography.X509Certificates;
using Cozy.Fleet.Talos.Tls;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Org.BouncyCastle.Security;
using Org.BouncyCastle.Tls;
using Org.BouncyCastle.Tls.Crypto.Impl.BC;

namespace Cozy.Fleet.Simulator.Tls;

/// <summary>Puts <see cref="NodeTlsServer"/> under a Kestrel listener (dotnet-facts.md 5).</summary>
internal static class NodeTls
{
    private static readonly BcTlsCrypto Crypto = new(new SecureRandom());

    // A client that says nothing must not hold the connection for ever.
    private static readonly TimeSpan HandshakeLimit = TimeSpan.FromSeconds(10);

    /// <param name="listen">The listener.</param>
    /// <param name="identity">What the node shows.</param>
    /// <param name="clock">Judges the clients' certificates.</param>
    /// <param name="accepts">False while the node drops whoever connects.</param>
    public static void UseNodeTls(this ListenOptions listen, NodeTlsIdentity identity, TimeProvider clock, Func<bool> accepts)
    {
        listen.Protocols = HttpProtocols.Http2;
        listen.Use(next => async connection =>
        {
            if (!accepts())
            {
                connection.Abort();
                return;
            }
            var server = new NodeTlsServer(identity, Crypto, clock);
            var protocol = new TlsServerProtocol();
            protocol.Accept(server);
            await using var transport = new DuplexPipeStream(connection.Transport);
            await using var tls = new BouncyTlsStream(protocol, transport);
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(connection.ConnectionClosed);
            limit.CancelAfter(HandshakeLimit);
            try
            {
                await tls.HandshakeAsync(limit.Token);
            }
            catch (Exception refused) when (refused is IOException or OperationCanceledException)
            {
                return; // The alert is on its way; there is no connection to serve.
            }

            var feature = new TlsFeature(server.ClientCertificate);
            connection.Features.Set<ITlsConnectionFeature>(feature);
            connection.Features.Set<ITlsApplicationProtocolFeature>(feature);
            connection.Transport = new DuplexPipe(PipeReader.Create(tls), PipeWriter.Create(tls));
            await next(connection);
        });
    }

    private sealed class TlsFeature(X509Certificate2? clientCertificate) : ITlsConnectionFeature, ITlsApplicationProtocolFeature
    {
        public X509Certificate2? ClientCertificate { get; set; } = clientCertificate;

        public ReadOnlyMemory<byte> ApplicationProtocol { get; } = "h2"u8.ToArray();

        public Task<X509Certificate2?> GetClientCertificateAsync(CancellationToken cancellationToken) =>
            Task.FromResult(ClientCertificate);
    }

    private sealed record DuplexPipe(PipeReader Input, PipeWriter Output) : IDuplexPipe;

    /// <summary>Kestrel's pipe pair as one stream.</summary>
    private sealed class DuplexPipeStream(IDuplexPipe pipe) : Stream
    {
        private readonly Stream input = pipe.Input.AsStream(leaveOpen: true);
        private readonly Stream output = pipe.Output.AsStream(leaveOpen: true);

        public override bool CanRead => true;

        public override bool CanWrite => true;

        public override bool CanSeek => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            input.ReadAsync(buffer, cancellationToken);

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
            output.WriteAsync(buffer, cancellationToken);

        public override Task FlushAsync(CancellationToken cancellationToken) => output.FlushAsync(cancellationToken);

        public override void Flush() => output.Flush();

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}

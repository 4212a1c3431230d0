using System.CommandLine;
using System.Security.Cryptography;
using Cozy.Fleet.Cli.Hosting;
using Cozy.Fleet.Cli.Output;
using Cozy.Fleet.Contracts.V1;
using Grpc.Core;

namespace Cozy.Fleet.Cli.Commands;

/// <summary>`cluster snapshot`: etcd's database into a file, checked against the sum that it ends with.</summary>
internal static class ClusterSnapshot
{
    public static Command Create(Shell shell)
    {
        var (name, file) = (Parameters.Name(), Parameters.PrivateFile());
        return new Command("snapshot", "A snapshot of etcd. It holds all of the cluster's secrets.") { name, file }
            .With(shell.Run(async (session, arguments, cancellation) =>
            {
                var (request, path) = (new SnapshotEtcdRequest { Name = arguments.GetRequiredValue(name) },
                    arguments.GetRequiredValue(file));
                using var call = new ClusterService.ClusterServiceClient(session.Calls).SnapshotEtcd(request,
                    cancellationToken: cancellation);
                using var sum = new TrailingSum();
                await SecretFile.WriteAsync(path, async snapshot =>
                {
                    await foreach (var piece in call.ResponseStream.ReadAllAsync(cancellation))
                    {
                        sum.Add(piece.Data.Span);
                        await snapshot.WriteAsync(piece.Data.Memory, cancellation);
                    }
                    if (!sum.IsRight)
                        throw new Failure("The snapshot is damaged: its SHA-256 is not the one that it ends with. Nothing was written; try again.");
                });
                await session.PrintAsync($"Wrote {path}, {Words.Bytes((ulong)sum.Length)}, readable by you alone; its SHA-256 is right.");
                return ExitCode.Ok;
            }));
    }

    /// <summary>The SHA-256 of a stream that ends with the SHA-256 of what came before.</summary>
    private sealed class TrailingSum : IDisposable
    {
        private readonly IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        private byte[] held = [];

        public long Length { get; private set; }

        public bool IsRight => held.Length == SHA256.HashSizeInBytes && hash.GetCurrentHash().AsSpan().SequenceEqual(held);

        // The last bytes are held back: only the end tells whether they are the sum.
        public void Add(ReadOnlySpan<byte> bytes)
        {
            Length += bytes.Length;
            byte[] known = [.. held, .. bytes];
            var certain = Math.Max(0, known.Length - SHA256.HashSizeInBytes);
            hash.AppendData(known, 0, certain);
            held = known[certain..];
        }

        public void Dispose() => hash.Dispose();
    }
}

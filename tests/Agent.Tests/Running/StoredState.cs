using System.Security.Cryptography;
using Cozy.Fleet.Contracts.V1;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;

namespace Cozy.Fleet.Agent.Tests.Running;

/// <summary>The last desired state as an agent finds it on its disk: unknown machines boot the image `i`.</summary>
internal static class StoredState
{
    public static void Write(
        LoopbackAgent rack, byte[] kernel, byte[] initramfs, TimeSpan? menu = null, Architecture architecture = Architecture.Amd64)
    {
        File.WriteAllBytes(rack["kernel"], kernel);
        File.WriteAllBytes(rack["initramfs"], initramfs);
        Directory.CreateDirectory(rack.Data);
        var image = new BootImage
        {
            Name = "i", TalosVersion = "v1.12.0",
            Assets =
            {
                Asset(AssetKind.Kernel, rack["kernel"], kernel),
                Asset(AssetKind.Initramfs, rack["initramfs"], initramfs),
            },
        };
        var state = new DesiredState
        {
            Revision = 1, UnknownAction = BootAction.Netboot, UnknownImage = "i", Images = { image },
            BootMenuTimeout = menu is { } time ? Duration.FromTimeSpan(time) : null,
        };
        File.WriteAllBytes(Path.Combine(rack.Data, "desired-state.pb"), state.ToByteArray());

        BootAsset Asset(AssetKind kind, string path, byte[] content) => new()
        {
            Kind = kind, Architecture = architecture, Sha256 = Digest(content), Url = new Uri(path).AbsoluteUri,
        };
    }

    public static string Digest(byte[] content) => Convert.ToHexStringLower(SHA256.HashData(content));
}

using Cozy.Fleet.Contracts.V1;
using Cozy.Fleet.Coordinator.Racks;
using Cozy.Fleet.Domain.Racks;
using Cozy.Fleet.Primitives;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Machine = Cozy.Fleet.Domain.Nodes;

namespace Cozy.Fleet.Coordinator.Session;

/// <summary>What is told to an agent, as messages. The enums of both sides differ by the message's unspecified zero.</summary>
internal static class SessionMapping
{
    public static DesiredState ToMessage(AgentDesiredState state)
    {
        var message = new DesiredState
        {
            Revision = state.Revision,
            UnknownAction = state.DiscoveryImage == "" ? BootAction.Disk : BootAction.Netboot,
            UnknownImage = state.DiscoveryImage,
            BootMenuTimeout = state.BootMenuTimeout == TimeSpan.Zero ? null : state.BootMenuTimeout.ToDuration(),
        };
        message.Images.AddRange(state.Images.Select(ToMessage));
        message.Nodes.AddRange(state.Nodes.Select(ToMessage));
        message.Builds.AddRange(state.Builds.Select(image => ToMessage(image.Metadata.Name, image.Spec.Imager!))); // Only such are in it.
        return message;
    }

    public static Observation ToMessage(Racks.ObservationLease lease)
    {
        var message = new Observation
        {
            Cluster = lease.Cluster,
            Talos = ToMessage(lease.Credentials.Talos),
            Kubernetes = ToMessage(lease.Credentials.Kubernetes),
            ExpireTime = lease.ExpireTime.ToTimestamp(),
        };
        message.Targets.AddRange(lease.Targets.Select(t => new Contracts.V1.ObservationTarget
        {
            Node = t.Node, Address = t.Address, Hostname = t.Hostname, Role = (Role)(int)t.Role, Addresses = { t.Addresses },
        }));
        return message;
    }

    public static Contracts.V1.TalosCredential? ToMessage(Racks.TalosCredential? credential) => credential is null ? null : new()
    {
        Ca = credential.Ca, Certificate = credential.Certificate, Key = credential.Key,
    };

    public static Contracts.V1.KubernetesCredential? ToMessage(Racks.KubernetesCredential? credential)
    {
        if (credential is null)
            return null;
        var message = new Contracts.V1.KubernetesCredential { Ca = credential.Ca, Certificate = credential.Certificate, Key = credential.Key };
        message.Endpoints.AddRange(credential.Endpoints);
        return message;
    }

    public static BmcAccess? ToMessage(BmcCredential? credential) => credential is null ? null : new()
    {
        Bmc = new()
        {
            Kind = (BmcKind)(int)credential.Bmc.Kind,
            Address = credential.Bmc.Address,
            Username = credential.Bmc.Username,
            Ca = credential.Bmc.Ca,
            Fingerprint = credential.Bmc.Fingerprint,
            System = credential.Bmc.System,
            CipherSuite = credential.Bmc.CipherSuite,
        },
        Password = credential.Password,
    };

    private static ImageBuild ToMessage(string image, Domain.Images.ImagerBuild imager)
    {
        var message = new ImageBuild { Id = imager.Id, Image = image, Version = imager.Profile.Version, Arch = imager.Profile.Arch };
        message.Runs.AddRange(imager.Runs.Select(r => new ImagerRun { Kind = r.Kind, Profile = ByteString.CopyFromUtf8(r.Profile) }));
        return message;
    }

    private static BootImage ToMessage(Domain.Images.ImageRecord image)
    {
        var message = new BootImage { Name = image.Metadata.Name, TalosVersion = image.Spec.TalosVersion };
        message.KernelArgs.AddRange(image.Spec.KernelArgs);
        message.Assets.AddRange(image.Effective.Assets.Select(a => new BootAsset
        {
            Kind = (AssetKind)((int)a.Kind + 1), Architecture = (Architecture)(int)a.Architecture, Url = a.Url, Sha256 = a.Sha256,
        }));
        return message;
    }

    private static Contracts.V1.NodeBoot ToMessage(Domain.Racks.NodeBoot boot)
    {
        var message = new Contracts.V1.NodeBoot
        {
            Node = boot.Node,
            Uuid = boot.Uuid,
            Hostname = boot.Hostname,
            Action = boot.Intent.Action switch
            {
                Machine.BootAction.Netboot => BootAction.Netboot,
                Machine.BootAction.Hold => BootAction.Hold,
                _ => BootAction.Disk,
            },
            Image = boot.Intent.Image,
            Reason = boot.Intent.Reason,
            Traceparent = boot.Intent.Traceparent,
            Wipe = boot.Intent.Wipe,
        };
        message.Macs.AddRange(boot.Macs);
        return message;
    }
}

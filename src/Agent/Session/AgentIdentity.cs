using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Cozy.Fleet.Agent.Config;
using Cozy.Fleet.Agent.Storage;
using Cozy.Fleet.Contracts.V1;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;

namespace Cozy.Fleet.Agent.Session;

/// <summary>Enrolment failed for a reason that trying again will not mend; the message is for the operator.</summary>
internal sealed class EnrolmentException(string message, Exception? cause = null) : Exception(message, cause);

/// <summary>
/// The agent's own key and certificate, and the coordinator's CA. The first contact trusts nothing but the pin in the token; from
/// then on the CA is pinned (design 3.8).
/// </summary>
internal sealed class AgentIdentity(AgentConfig config, TimeProvider clock)
{
    // Key and certificate in one file: replaced together, a crash in between cannot part them.
    private string IdentityFile => Path.Combine(config.DataDirectory, "agent.pem");

    private string CaFile => Path.Combine(config.DataDirectory, "coordinator-ca.crt");

    public bool IsEnrolled => File.Exists(IdentityFile) && File.Exists(CaFile);

    /// <summary>True when the certificate ran out, as after a long time without power: only a new token helps.</summary>
    public bool IsExpired => clock.GetUtcNow() > Life().End;

    /// <summary>True when two thirds of the certificate's life are over.</summary>
    public bool NeedsRenewal
    {
        get
        {
            var (start, end) = Life();
            return clock.GetUtcNow() > start + ((end - start) * 2 / 3);
        }
    }

    private (DateTimeOffset Start, DateTimeOffset End) Life()
    {
        using var certificate = X509Certificate2.CreateFromPem(File.ReadAllText(IdentityFile));
        return (certificate.NotBefore, certificate.NotAfter);
    }

    /// <summary>A channel with our certificate, to a coordinator of the pinned CA.</summary>
    public GrpcChannel Dial()
    {
        var ca = X509CertificateLoader.LoadCertificateFromFile(CaFile);
        var certificate = X509Certificate2.CreateFromPemFile(IdentityFile);
        return Dial(new()
        {
            ClientCertificateContext = SslStreamCertificateContext.Create(certificate, null, offline: true),
            CertificateChainPolicy = Trust(ca),
        });
    }

    /// <exception cref="EnrolmentException">The token or the coordinator is not what it should be.</exception>
    /// <exception cref="RpcException">The coordinator could not be reached.</exception>
    public async Task EnrolAsync(string agentVersion, CancellationToken cancellation)
    {
        if (config.Token.Split('.') is not ["cozy1", _, _, { Length: 64 } pin])
        {
            throw new EnrolmentException(config.Token == ""
                ? "This agent is not enrolled: set coordinator.token to what `cozyfleet token create` printed."
                : "The token is not one that `cozyfleet token create` printed (cozy1.ID.SECRET.PIN).");
        }
        X509Certificate2? ca = null;
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var channel = Dial(new()
        {
            RemoteCertificateValidationCallback = (_, leaf, chain, _) =>
                (ca = Pinned(chain, pin)) is not null && leaf is X509Certificate2 shown && IsIssuedBy(shown, ca),
        });
        try
        {
            var answer = await new EnrolmentService.EnrolmentServiceClient(channel).EnrolAgentAsync(new()
            {
                Token = config.Token,
                CertificateSigningRequest = ByteString.CopyFrom(Request(key)),
                AgentVersion = agentVersion,
            }, cancellationToken: cancellation);
            if (answer.Rack != config.Rack)
                throw new EnrolmentException($"The token is for rack {answer.Rack}, the configuration says {config.Rack}.");
            await StoreAsync(key, answer.Certificate.ToByteArray(), answer.CaCertificate.ToByteArray(), cancellation);
        }
        catch (RpcException refusal) when (refusal.StatusCode is StatusCode.Unauthenticated or StatusCode.PermissionDenied
            or StatusCode.InvalidArgument or StatusCode.FailedPrecondition)
        {
            throw new EnrolmentException($"The coordinator refused the token: {refusal.Status.Detail}", refusal);
        }
        catch (RpcException failure) when (Mentions<System.Security.Authentication.AuthenticationException>(failure))
        {
            throw new EnrolmentException(
                $"{config.CoordinatorEndpoint} does not show the CA that the token names: it is another coordinator, or somebody is in between.", failure);
        }
    }

    public async Task RenewAsync(GrpcChannel channel, CancellationToken cancellation)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var answer = await new EnrolmentService.EnrolmentServiceClient(channel).RenewAgentCertificateAsync(
            new() { CertificateSigningRequest = ByteString.CopyFrom(Request(key)) }, cancellationToken: cancellation);
        await StoreAsync(key, answer.Certificate.ToByteArray(), answer.CaCertificate.ToByteArray(), cancellation);
    }

    private GrpcChannel Dial(SslClientAuthenticationOptions tls) => GrpcChannel.ForAddress(config.CoordinatorEndpoint!, new()
    {
        HttpHandler = new SocketsHttpHandler
        {
            ConnectTimeout = TimeSpan.FromSeconds(5),
            // A dead coordinator, or a firewall that forgot the connection, shows within a quarter of a minute.
            KeepAlivePingDelay = TimeSpan.FromSeconds(10),
            KeepAlivePingTimeout = TimeSpan.FromSeconds(5),
            SslOptions = tls,
        },
        DisposeHttpClient = true,
    });

    private async Task StoreAsync(ECDsa key, byte[] certificate, byte[] ca, CancellationToken cancellation)
    {
        await PrivateFile.WriteAsync(CaFile, Ascii(PemEncoding.WriteString("CERTIFICATE", ca)), cancellation);
        var identity = PemEncoding.WriteString("CERTIFICATE", certificate) + "\n" + key.ExportPkcs8PrivateKeyPem() + "\n";
        await PrivateFile.WriteAsync(IdentityFile, Ascii(identity), cancellation);
    }

    private byte[] Request(ECDsa key) => new CertificateRequest($"CN={config.Rack}", key, HashAlgorithmName.SHA256).CreateSigningRequest();

    private static byte[] Ascii(string text) => System.Text.Encoding.ASCII.GetBytes(text);

    private static X509Certificate2? Pinned(X509Chain? chain, string pin)
    {
        var shown = chain is null ? [] : chain.ChainElements.Select(e => e.Certificate).Concat(chain.ChainPolicy.ExtraStore);
        var found = shown.FirstOrDefault(c => Convert.ToHexStringLower(SHA256.HashData(c.RawData)) == pin);
        return found is null ? null : X509CertificateLoader.LoadCertificate(found.RawData);
    }

    private static bool IsIssuedBy(X509Certificate2 leaf, X509Certificate2 ca)
    {
        using var chain = new X509Chain { ChainPolicy = Trust(ca) };
        // An agent's certificate is of the same CA; it must not pass for the coordinator's.
        chain.ChainPolicy.ApplicationPolicy.Add(new("1.3.6.1.5.5.7.3.1"));
        return chain.Build(leaf);
    }

    private static X509ChainPolicy Trust(X509Certificate2 ca) => new()
    {
        TrustMode = X509ChainTrustMode.CustomRootTrust,
        CustomTrustStore = { ca },
        RevocationMode = X509RevocationMode.NoCheck,
        DisableCertificateDownloads = true,
    };

    private static bool Mentions<T>(Exception failure)
        where T : Exception
    {
        for (Exception? e = failure is RpcException rpc ? rpc.Status.DebugException : failure; e is not null; e = e.InnerException)
        {
            if (e is T)
                return true;
        }
        return false;
    }
}

using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Cozy.Fleet.Cli.Hosting;
using Grpc.Core;
using Grpc.Net.Client;

namespace Cozy.Fleet.Cli.Connect;

/// <summary>The one channel to the coordinator: mutual TLS with the context's certificate, its CA pinned.</summary>
internal sealed class Connection : IDisposable
{
    private readonly ContextFile context;
    private readonly X509Certificate2 identity;
    private readonly ServerCheck check;
    private readonly GrpcChannel channel;

    private Connection(ContextFile context, X509Certificate2 identity, ServerCheck check)
    {
        (this.context, this.identity, this.check) = (context, identity, check);
        channel = GrpcChannel.ForAddress(context.Endpoint,
            new GrpcChannelOptions { HttpHandler = new AnswerObserver(check) { InnerHandler = Handler() }, DisposeHttpClient = true });
        Calls = channel.CreateCallInvoker();
    }

    public CallInvoker Calls { get; }

    public static Connection Open(ContextFile context, TimeProvider time)
    {
        var identity = Identity(context);
        var now = time.GetUtcNow();
        if (now > identity.NotAfter.ToUniversalTime())
        {
            throw new Failure(
                ExitCode.Unreachable,
                $"The certificate in {context.Path} expired at {identity.NotAfter.ToUniversalTime():u}; "
                + "take a fresh copy of admin.yaml from the coordinator's data directory.");
        }
        return new(context, identity, new ServerCheck(Authorities(context), context, time));
    }

    /// <summary>The failure of a call as the sentence for people.</summary>
    public Failure Explain(RpcException error) => CallFailure.Explain(error, context, check);

    public void Dispose()
    {
        channel.Dispose();
        identity.Dispose();
    }

    private SocketsHttpHandler Handler() => new()
    {
        // A watch that is idle for a while must notice that the coordinator's host is gone.
        KeepAlivePingDelay = TimeSpan.FromSeconds(20),
        KeepAlivePingTimeout = TimeSpan.FromSeconds(10),
        ConnectTimeout = TimeSpan.FromSeconds(10),
        // What the environment says about proxies is about the web, not about the fleet.
        UseProxy = false,
        SslOptions = new SslClientAuthenticationOptions
        {
            ClientCertificateContext = SslStreamCertificateContext.Create(identity, additionalCertificates: null, offline: true),
            RemoteCertificateValidationCallback = (_, shown, _, errors) => check.Accept(shown, errors),
        },
    };

    private static X509Certificate2 Identity(ContextFile context)
    {
        try
        {
            return X509Certificate2.CreateFromPem(context.Certificate, context.Key);
        }
        catch (Exception error) when (error is CryptographicException or ArgumentException)
        {
            throw NotPem(context, "certificate and key");
        }
    }

    private static X509Certificate2Collection Authorities(ContextFile context)
    {
        var found = new X509Certificate2Collection();
        try
        {
            found.ImportFromPem(context.Ca);
        }
        catch (CryptographicException)
        {
            throw NotPem(context, "ca");
        }
        return found.Count > 0 ? found : throw NotPem(context, "ca");
    }

    private static Failure NotPem(ContextFile context, string what) => new(
        ExitCode.Usage,
        $"The {what} in {context.Path} cannot be read as PEM; take a fresh copy of admin.yaml from the coordinator's data directory.");
}

using System.Collections.ObjectModel;
using System.Net;
using System.Net.Security;
using System.Runtime.CompilerServices;
using System.Security.Cryptography.X509Certificates;

namespace Cozy.Fleet.Coordinator.Enrolment;

/// <summary>
/// The certificate of the coordinator's port. Its key lives in memory only: a start makes another one, and so does the first
/// connection after two thirds of its life.
/// </summary>
internal sealed class ServerIdentity(CoordinatorCa ca, IReadOnlyList<string> names, TimeProvider time)
{
    private static readonly TimeSpan Life = TimeSpan.FromDays(90);

    private readonly Lock renewing = new(); // Connections arrive together; one of them renews.
    private SslStreamCertificateContext? current;
    private DateTimeOffset renewTime;

    /// <summary>Certificate and CA, as they are shown to whoever connects.</summary>
    public SslStreamCertificateContext Present()
    {
        lock (renewing)
        {
            var now = time.GetUtcNow();
            if (current is null || now >= renewTime)
                (current, renewTime) = (Issue(), now + (Life * 2 / 3));
            return current;
        }
    }

    /// <summary>The names by which this machine may be dialled.</summary>
    public static IReadOnlyList<string> Names(IPEndPoint listen, Uri? advertise, string hostname)
    {
        var names = new List<string> { "localhost", "127.0.0.1", "::1" };
        if (!listen.Address.Equals(IPAddress.Any) && !listen.Address.Equals(IPAddress.IPv6Any))
            names.Add(listen.Address.ToString());
        if (hostname != "")
            names.Add(hostname);
        if (advertise is not null)
            names.Add(advertise.IdnHost);
        return [.. names.Distinct(StringComparer.OrdinalIgnoreCase)];
    }

    private SslStreamCertificateContext Issue()
    {
        var issued = ca.IssueServer(names, Life);
        return Context(X509Certificate2.CreateFromPem(issued.Certificate, issued.Key), new([ca.Certificate]), null);
    }

    // An agent that enrols knows the CA by its hash only and must be shown it. The public factory leaves every root out on Linux
    // (TLS allows that, RFC 8446 4.4.2); the constructor behind it takes the chain as it is.
    [UnsafeAccessor(UnsafeAccessorKind.Constructor)]
    private static extern SslStreamCertificateContext Context(
        X509Certificate2 target, ReadOnlyCollection<X509Certificate2> intermediates, SslCertificateTrust? trust);
}

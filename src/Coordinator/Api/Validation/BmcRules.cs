using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Cozy.Fleet.Coordinator.Api.Errors;
using Cozy.Fleet.Coordinator.Api.Mapping;
using Cozy.Fleet.Domain.Nodes;
using V1 = Cozy.Fleet.Contracts.V1;

namespace Cozy.Fleet.Coordinator.Api.Validation;

/// <summary>What may be said of a BMC.</summary>
internal static class BmcRules
{
    private const int FingerprintLength = 64;

    // IPMI 2.0, 22.30 and 22.28: longer ones cannot be sent.
    private const int IpmiPasswordBytes = 20;
    private const int IpmiUsernameBytes = 16;

    /// <exception cref="Grpc.Core.RpcException">INVALID_ARGUMENT that names every field at fault.</exception>
    public static Bmc Read(V1.Bmc? told, string password)
    {
        told ??= new();
        var (kind, fingerprint) = (EnumMap<V1.BmcKind, BmcKind>.Of(told.Kind), Fingerprint(told.Fingerprint));
        var problems = new Problems();
        problems.AddIf(kind == BmcKind.Unspecified, "bmc.kind", "must be redfish or ipmi");
        problems.AddIf(!IsPlace(told.Address), "bmc.address",
            $"'{told.Address}' is not HOST or HOST:PORT; an IPv6 address stands in brackets");
        problems.AddIf(told.Username == "" || told.Username.Any(char.IsControl), "bmc.username", "must be set");
        problems.AddIf(password == "" || password.Any(char.IsControl), "password", "must be set, in one line");
        if (kind == BmcKind.Ipmi)
            CheckIpmi(told, password, problems);
        problems.AddIf(told.Ca != "" && fingerprint != "", "bmc.fingerprint", "stands instead of bmc.ca; give one of them");
        problems.AddIf(fingerprint != "" && !IsFingerprint(fingerprint), "bmc.fingerprint",
            $"must be the SHA-256 of the certificate: {FingerprintLength} hexadecimal digits, with or without colons");
        problems.AddIf(told.Ca != "" && !IsCa(told.Ca), "bmc.ca", "holds no certificate in PEM");
        problems.AddIf(told.System.Any(c => !char.IsAsciiLetterOrDigit(c) && c is not ('.' or '-' or '_' or ':')), "bmc.system",
            $"'{told.System}' is not the id of a system, such as 1 or System.Embedded.1");
        problems.AddIf(told.CipherSuite is < 0 or > 17, "bmc.cipher_suite",
            "must be the number of a cipher suite, 1 to 17, or 0 for the best");
        problems.AddIf(kind == BmcKind.Redfish && told.CipherSuite != 0, "bmc.cipher_suite", "Redfish has none");
        problems.ThrowIfAny();
        return new(kind, told.Address, told.Username)
        {
            Ca = told.Ca, Fingerprint = fingerprint, System = told.System,
            CipherSuite = told.CipherSuite
        };
    }

    private static void CheckIpmi(V1.Bmc told, string password, Problems problems)
    {
        problems.AddIf(Encoding.UTF8.GetByteCount(told.Username) > IpmiUsernameBytes, "bmc.username",
            $"IPMI has names of at most {IpmiUsernameBytes} bytes");
        problems.AddIf(Encoding.UTF8.GetByteCount(password) > IpmiPasswordBytes, "password",
            $"IPMI has passwords of at most {IpmiPasswordBytes} bytes");
        problems.AddIf(told.Ca != "", "bmc.ca", "IPMI has no certificates");
        problems.AddIf(told.Fingerprint != "", "bmc.fingerprint", "IPMI has no certificates");
        problems.AddIf(told.System != "", "bmc.system", "IPMI knows one system");
    }

    // What begins with a dash would be an option of the program that speaks IPMI.
    private static bool IsPlace(string address) => address != "" && address[0] != '-'
        && address.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or ':' or '[' or ']')
        && Uri.TryCreate($"https://{address}", UriKind.Absolute, out var url) && url is { Host.Length: > 0, Port: > 0, PathAndQuery: "/" };

    private static string Fingerprint(string text) => text.Replace(":", "", StringComparison.Ordinal).ToLowerInvariant();

    private static bool IsFingerprint(string text) => text.Length == FingerprintLength && text.All(char.IsAsciiHexDigit);

    private static bool IsCa(string pem)
    {
        try
        {
            var found = new X509Certificate2Collection();
            found.ImportFromPem(pem);
            return found.Count > 0;
        }
        catch (CryptographicException)
        {
            return false;
        }
    }
}

using System.Security.Cryptography;
using System.Text;

namespace Cozy.Fleet.Coordinator.Storage;

/// <summary>Where the key comes from that wraps all others: the environment, else a file that is made at the first start.</summary>
internal static class EnvelopeKey
{
    public const string Variable = "COZY_FLEET_SEAL_KEY";
    public const string FileName = "seal.key";

    /// <param name="directory">The data directory.</param>
    /// <param name="fromEnvironment">The value of <see cref="Variable"/>, or null.</param>
    /// <exception cref="StorageException">The key is not 32 bytes in base64.</exception>
    public static byte[] Load(string directory, string? fromEnvironment)
    {
        if (!string.IsNullOrWhiteSpace(fromEnvironment))
            return Parse(fromEnvironment, $"The environment variable {Variable}");

        var file = Path.Combine(directory, FileName);
        if (!File.Exists(file))
            PrivateFiles.Write(file, Encoding.ASCII.GetBytes(Convert.ToBase64String(RandomNumberGenerator.GetBytes(SecretSeal.KeyLength)) + "\n"));
        return Parse(File.ReadAllText(file), $"The file {file}");
    }

    private static byte[] Parse(string text, string where)
    {
        var key = new byte[SecretSeal.KeyLength];
        return Convert.TryFromBase64String(text.Trim(), key, out var length) && length == key.Length
            ? key
            : throw new StorageException(
                $"{where} does not hold an envelope key: it must be {SecretSeal.KeyLength} bytes in base64, such as `openssl rand -base64 32` prints.");
    }
}

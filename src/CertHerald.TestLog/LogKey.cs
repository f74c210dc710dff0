using System.Buffers.Binary;
using System.Security.Cryptography;
using CertHerald.Transparency.Logs;

namespace CertHerald.TestLog;

/// <summary>A log's signing key. Thread-safe.</summary>
public sealed class LogKey : IDisposable
{
    private readonly Lock _gate = new();
    private readonly AsymmetricAlgorithm _key;

    private LogKey(AsymmetricAlgorithm key)
    {
        _key = key;
        Spki = key.ExportSubjectPublicKeyInfo();
        Id = LogId.Of(Spki.Span);
    }

    /// <summary>DER SubjectPublicKeyInfo.</summary>
    public ReadOnlyMemory<byte> Spki { get; }

    public LogId Id { get; }

    public LogKeyKind Kind => _key is RSA ? LogKeyKind.Rsa2048 : LogKeyKind.EcdsaP256;

    public static LogKey Create(LogKeyKind kind) =>
        new(kind == LogKeyKind.Rsa2048 ? RSA.Create(2048) : ECDsa.Create(ECCurve.NamedCurves.nistP256));

    /// <summary>Reads the key of a PKCS#8 PEM file; makes key and file, readable by its owner only, if there is none.</summary>
    /// <exception cref="InvalidDataException">The file holds no RSA or EC private key.</exception>
    public static LogKey OpenOrCreate(string path, LogKeyKind kind)
    {
        if (File.Exists(path)) return Read(path);

        LogKey key = Create(kind);
        string draft = path + ".new";
        using (FileStream file = new(draft, OwnerOnly()))
        using (StreamWriter writer = new(file))
            writer.WriteLine(key._key.ExportPkcs8PrivateKeyPem());
        File.Move(draft, path);
        return key;
    }

    /// <summary>The DigitallySigned of RFC 6962: u8 hash ‖ u8 signature ‖ u16 length ‖ bytes.</summary>
    internal byte[] Sign(ReadOnlySpan<byte> message)
    {
        byte[] signature;
        lock (_gate)
        {
            signature = _key is RSA rsa
                ? rsa.SignData(message, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
                : ((ECDsa)_key).SignData(message, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);
        }

        byte[] signed = new byte[4 + signature.Length];
        signed[0] = 4;
        signed[1] = _key is RSA ? (byte)1 : (byte)3;
        BinaryPrimitives.WriteUInt16BigEndian(signed.AsSpan(2), (ushort)signature.Length);
        signature.CopyTo(signed, 4);
        return signed;
    }

    public void Dispose() => _key.Dispose();

    private static LogKey Read(string path)
    {
        string pem = File.ReadAllText(path);
        foreach (Func<AsymmetricAlgorithm> create in (Func<AsymmetricAlgorithm>[])[ECDsa.Create, RSA.Create])
        {
            AsymmetricAlgorithm key = create();
            try
            {
                key.ImportFromPem(pem);
                return new LogKey(key);
            }
            catch (Exception e) when (e is CryptographicException or ArgumentException)
            {
                key.Dispose();
            }
        }
        throw new InvalidDataException($"{path} holds no RSA or EC private key in PEM.");
    }

    private static FileStreamOptions OwnerOnly()
    {
        FileStreamOptions options = new() { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        return options;
    }
}

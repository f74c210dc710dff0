using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace CertHerald.TestLog;

/// <summary>
/// Reads what can be put into a log: JSON Lines (<c>.jsonl</c>) with <c>leaf_input</c> and <c>extra_data</c>, or with
/// a certificate in <c>der</c> or <c>data</c>; PEM with any number of certificates; one certificate in DER. Each may be
/// gzipped (<c>.gz</c>). Rows are taken over byte for byte. A certificate gets the chain that follows from the others of its
/// file, if they hold its issuers.
/// </summary>
public static class Corpus
{
    private const string PemLabel = "CERTIFICATE";

    /// <summary>Streams JSON Lines; other forms are read whole.</summary>
    /// <exception cref="InvalidDataException">The file is in none of these forms; the message names file and line.</exception>
    public static IEnumerable<CorpusEntry> Read(string path) =>
        PlainName(path).EndsWith(".jsonl", StringComparison.OrdinalIgnoreCase) ? ReadJsonLines(path) : Chained(ReadCertificates(path));

    /// <summary>Entries of certificates, each with its issuers as far as they are among them.</summary>
    public static IEnumerable<CorpusEntry> Chained(IReadOnlyList<byte[]> certificates)
    {
        var bySubject = new Dictionary<string, CertificateParts>(StringComparer.Ordinal);
        foreach (byte[] der in certificates)
            if (CertificateParts.Read(der) is { IsPrecertificate: false } parts)
                bySubject.TryAdd(Convert.ToHexString(parts.Subject), parts);

        foreach (byte[] der in certificates)
        {
            List<byte[]> chain = [der];
            CertificateParts? last = CertificateParts.Read(der);
            while (last is not null && !last.Issuer.SequenceEqual(last.Subject)
                && bySubject.TryGetValue(Convert.ToHexString(last.Issuer), out last)
                && !chain.Contains(last.Der))
                chain.Add(last.Der);
            yield return CorpusEntry.OfChain(chain);
        }
    }

    private static IEnumerable<CorpusEntry> ReadJsonLines(string path)
    {
        using var reader = new StreamReader(Open(path));
        for (int number = 1; reader.ReadLine() is { } line; number++)
        {
            if (line.Length == 0) continue;
            CorpusEntry? entry = null;
            try
            {
                using JsonDocument row = JsonDocument.Parse(line);
                entry = EntryOf(row.RootElement);
            }
            catch (Exception e) when (e is JsonException or FormatException or InvalidOperationException)
            {
                throw new InvalidDataException($"{path}:{number}: {e.Message}", e);
            }
            yield return entry
                ?? throw new InvalidDataException($"{path}:{number}: neither leaf_input and extra_data nor der nor data.");
        }
    }

    private static CorpusEntry? EntryOf(JsonElement row)
    {
        if (row.TryGetProperty("leaf_input", out JsonElement leafInput))
            return CorpusEntry.OfRow(
                leafInput.GetBytesFromBase64(),
                row.TryGetProperty("extra_data", out JsonElement extra) ? extra.GetBytesFromBase64() : default);
        return row.TryGetProperty("der", out JsonElement der) || row.TryGetProperty("data", out der)
            ? CorpusEntry.OfChain(der.GetBytesFromBase64())
            : null;
    }

    private static List<byte[]> ReadCertificates(string path)
    {
        using Stream file = Open(path);
        using var copy = new MemoryStream();
        file.CopyTo(copy);
        byte[] bytes = copy.ToArray();
        if (bytes.Length > 0 && bytes[0] == 0x30) return [bytes];

        List<byte[]> certificates = [];
        ReadOnlySpan<char> text = Encoding.Latin1.GetString(bytes);
        while (PemEncoding.TryFind(text, out PemFields fields))
        {
            if (text[fields.Label].SequenceEqual(PemLabel)) certificates.Add(Convert.FromBase64String(text[fields.Base64Data].ToString()));
            text = text[fields.Location.End..];
        }
        return certificates.Count > 0 ? certificates : throw new InvalidDataException($"{path} holds no certificate in PEM or DER.");
    }

    private static Stream Open(string path)
    {
        FileStream file = File.OpenRead(path);
        return PlainName(path).Length == path.Length ? file : new GZipStream(file, CompressionMode.Decompress);
    }

    private static string PlainName(string path) => path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase) ? path[..^3] : path;
}

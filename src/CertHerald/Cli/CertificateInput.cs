using System.Text.Json;
using CertHerald.Inspecting;
using CertHerald.Transparency.Entries;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Cli;

/// <summary>A certificate that somebody hands in, with what came along.</summary>
/// <param name="Place">File, and its number within.</param>
/// <param name="Issuer">The certificate that followed it; null if none did.</param>
/// <param name="Entry">The log entry it came as; null if it came alone.</param>
internal sealed record CertificateInput(string Place, byte[] Der, byte[]? Issuer, (byte[] LeafInput, byte[] ExtraData)? Entry)
{
    /// <summary>Every certificate of a file: PEM blocks, rows of <c>get-entries</c>, or one DER.</summary>
    /// <exception cref="CommandFailedException">The file cannot be read.</exception>
    public static IEnumerable<CertificateInput> ReadFile(string path)
    {
        byte[] bytes;
        try
        {
            bytes = File.ReadAllBytes(path);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new CommandFailedException($"{path} cannot be read: {failure.Message}", failure);
        }

        if (bytes.AsSpan().TrimStart(" \t\r\n"u8) is [(byte)'{', ..]) return ReadRows(path, bytes);

        IReadOnlyList<byte[]> blocks = PemFile.ReadAll(bytes, "CERTIFICATE");
        return blocks.Count == 0
            ? [new CertificateInput(path, bytes, null, null)]
            : blocks.Select((der, at) => new CertificateInput(blocks.Count == 1 ? path : $"{path} ({at + 1} of {blocks.Count})", der, blocks.ElementAtOrDefault(at + 1), null));
    }

    private static IEnumerable<CertificateInput> ReadRows(string path, byte[] bytes)
    {
        var rows = new List<JsonElement>();
        try
        {
            if (Parse(bytes) is { } whole) rows.AddRange(whole.TryGetProperty("entries", out JsonElement entries) ? entries.EnumerateArray() : [whole]);
            else rows.AddRange(File.ReadLines(path).Where(line => line.Length > 0).Select(line => JsonSerializer.Deserialize<JsonElement>(line)));
        }
        catch (JsonException failure)
        {
            throw new CommandFailedException($"{path} is not JSON: {failure.Message}", failure);
        }
        for (int i = 0; i < rows.Count; i++)
        {
            string place = rows.Count == 1 ? path : $"{path} ({i + 1} of {rows.Count})";
            if (!rows[i].TryGetProperty("leaf_input", out JsonElement leaf) || !leaf.TryGetBytesFromBase64(out byte[]? leafInput))
                throw new CommandFailedException($"{place}: an entry has \"leaf_input\" in base64; this has not");
            byte[] extraData = rows[i].TryGetProperty("extra_data", out JsonElement extra) && extra.TryGetBytesFromBase64(out byte[]? read) ? read : [];
            yield return OfEntry(place, leafInput, extraData);
        }
    }

    private static JsonElement? Parse(byte[] bytes)
    {
        try
        {
            return JsonSerializer.Deserialize<JsonElement>(bytes);
        }
        catch (JsonException)
        {
            // Several objects: JSON Lines.
            return null;
        }
    }

    private static CertificateInput OfEntry(string place, byte[] leafInput, byte[] extraData)
    {
        using var builder = new RawBatchBuilder(new EntryIndex(0), ExtraDataForm.Rfc6962);
        builder.Add(leafInput, extraData);
        using RawBatch batch = builder.Build();
        EntryFailure failure = LogEntry.Read(batch[0], out LogEntry entry);
        if (failure != EntryFailure.None) throw new CommandFailedException($"{place}: the log entry's frame is broken: {failure}");

        ReadOnlySpan<byte> der = entry.Type == EntryType.X509 ? entry.Certificate : entry.PreCertificate.IsEmpty ? entry.Tbs : entry.PreCertificate;
        CertificateChain chain = entry.Chain;
        return new CertificateInput(place, der.ToArray(), chain.MoveNext() ? chain.Current.ToArray() : null, (leafInput, extraData));
    }
}

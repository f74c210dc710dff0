using System.Text.Json;
using CertHerald.Fetching;
using CertHerald.Transparency.Logs;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Configuring;

/// <summary>
/// Where reading of logs begins that another monitor followed before. In a file of the data directory, since nothing else is known of
/// these logs yet. It counts for a log that is begun for the first time, and no longer once that is.
/// </summary>
internal sealed class ImportedStarts
{
    public const string Name = "imported-positions.json";

    private const int MostBytes = 1 << 20;

    private readonly IReadOnlyDictionary<LogId, TreeSize> _sizes;

    private ImportedStarts(IReadOnlyDictionary<LogId, TreeSize> sizes) => _sizes = sizes;

    /// <summary>Null for a log that was not imported: then the configuration says where.</summary>
    public LogStart? Of(LogId log) => _sizes.TryGetValue(log, out TreeSize size) ? new LogStart(size) : null;

    /// <summary>None without a file.</summary>
    /// <exception cref="ConfigurationException">The file cannot be read: to begin elsewhere would leave entries out.</exception>
    public static ImportedStarts Read(string data)
    {
        string path = Path.Combine(data, Name);
        try
        {
            var file = new FileInfo(path);
            if (!file.Exists) return new ImportedStarts(new Dictionary<LogId, TreeSize>());
            if (file.Length > MostBytes) throw new JsonException();
            Dictionary<string, ulong> sizes = JsonSerializer.Deserialize<Dictionary<string, ulong>>(File.ReadAllBytes(path)) ?? throw new JsonException();
            return new ImportedStarts(sizes.ToDictionary(one => IdOf(one.Key) ?? throw new JsonException(), one => SizeOf(one.Value) ?? throw new JsonException()));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or JsonException or ArgumentException)
        {
            throw new ConfigurationException([new ConfigurationMistake(path, "cannot be read, or holds something else than positions of logs", "import them again, or remove the file: then logs begin as \"logs.start\" says")]);
        }
    }

    /// <summary>Writes the file whole, or leaves the old one.</summary>
    public static void Write(string data, IReadOnlyDictionary<LogId, TreeSize> sizes)
    {
        string path = Path.Combine(data, Name), fresh = path + ".new";
        File.WriteAllBytes(fresh, JsonSerializer.SerializeToUtf8Bytes(sizes.ToDictionary(one => one.Key.ToString(), one => one.Value.Value)));
        File.Move(fresh, path, overwrite: true);
    }

    /// <summary>Reads a log's id in base64, in either alphabet; null if it is none.</summary>
    public static LogId? IdOf(string text)
    {
        var bytes = new byte[36];
        string plain = text.Replace('-', '+').Replace('_', '/');
        return plain.Length == 44 && Convert.TryFromBase64String(plain, bytes, out int length) && length == MerkleHash.Length ? new LogId(new MerkleHash(bytes.AsSpan(0, length))) : null;
    }

    /// <summary>Null for one that no log can have.</summary>
    public static TreeSize? SizeOf(ulong size) => LogStart.TryParse(size.ToString(System.Globalization.CultureInfo.InvariantCulture), out LogStart start) ? start.Index : null;
}

using System.Text;

namespace CertHerald.Storage.Secrets;

/// <summary>The keys for secrets at rest, and their file. The first encrypts; all decrypt. Thread-safe.</summary>
internal sealed class SecretKeys
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private const UnixFileMode Strangers =
        UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute | UnixFileMode.GroupWrite;

    private readonly string _path;
    private readonly Lock _writing = new();
    private volatile IReadOnlyList<SecretKey> _keys;

    private SecretKeys(string path, IReadOnlyList<SecretKey> keys) => (_path, _keys) = (path, keys);

    /// <summary>Of one of them, before the first secret: none.</summary>
    public int Count => _keys.Count;

    /// <summary>Reads the keys of a data directory. Without a file there are none, until the first is needed.</summary>
    /// <exception cref="SecretKeyException">Others can read the file, or it holds something else.</exception>
    public static SecretKeys Open(string directory)
    {
        string path = Path.Combine(directory, "secrets.key");
        if (!File.Exists(path)) return new SecretKeys(path, []);
        if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(path) & Strangers) != 0)
            throw new SecretKeyException($"{path} can be read or changed by other users of this machine: run chmod 600 {path}; if it was open to strangers, change its key afterwards: 'certherald rekey' until it says that a new key encrypts, then 'certherald rekey --drop-old'");

        string[] lines;
        try
        {
            lines = [.. File.ReadAllLines(path).Where(line => line.Trim().Length > 0)];
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new SecretKeyException($"{path} cannot be read: {failure.Message} Let the service's user read it", failure);
        }
        SecretKey[] keys = [.. lines.Select(line => SecretKey.Of(line.Trim())).OfType<SecretKey>()];
        if (keys.Length < lines.Length || keys.Length == 0 || keys.DistinctBy(key => key.Id).Count() < keys.Length)
            throw new SecretKeyException($"{path} is damaged: a line is no key (eight hexadecimal digits, a colon, 44 characters of base64), or stands there twice. Restore it from a backup");
        return new SecretKeys(path, keys);
    }

    /// <summary>Encrypts under the first key; makes it if there is none.</summary>
    public byte[] Seal(SecretPlace place, string secret) =>
        SecretBox.Seal(_keys is [{ } active, ..] ? active : First(), place, Encoding.UTF8.GetBytes(secret));

    /// <exception cref="SecretKeyException">It is another's, was moved or was altered.</exception>
    public string Open(SecretPlace place, byte[] box) =>
        KeyOf(box) is { } key && SecretBox.Open(key, place, box) is { } secret
            ? Encoding.UTF8.GetString(secret)
            : throw new SecretKeyException($"the database's {place.Table} {place.Row} holds a secret ({place.Column}) that no key of {_path} opens: it was moved or altered, or the file is another's. Restore database and file from one backup");

    /// <summary>How every box begins that is under the first key; null without a key.</summary>
    public byte[]? Header => _keys is [{ } active, ..] ? SecretBox.HeaderOf(active) : null;

    /// <summary>Whether the key that a box needs is there.</summary>
    public bool Knows(byte[] box) => KeyOf(box) is not null;

    /// <summary>What to say when keys are not there that this many boxes need.</summary>
    public SecretKeyException Missing(int boxes) => new(
        $"{_path} {(Count == 0 ? "is missing" : "lacks a key")}, and the database holds {boxes} secrets that are encrypted by it: restore the file from a backup. If it is lost for good, 'certherald rekey --forget-lost' removes the webhooks that nobody can read any more");

    /// <summary>Adds a key. From now on it encrypts.</summary>
    public void Add()
    {
        lock (_writing) Keep([SecretKey.New(), .. _keys]);
    }

    /// <summary>Forgets every key but the first. The caller knows that no box needs them.</summary>
    /// <param name="header">The first one's, as the caller knew it.</param>
    /// <returns>How many; null, and nothing is forgotten, if another is the first by now.</returns>
    public int? DropOld(byte[]? header)
    {
        lock (_writing)
        {
            if (!Header.AsSpan().SequenceEqual(header)) return null;
            int old = Math.Max(0, _keys.Count - 1);
            if (old > 0) Keep([_keys[0]]);
            return old;
        }
    }

    private SecretKey First()
    {
        lock (_writing)
        {
            if (_keys.Count == 0) Keep([SecretKey.New()]);
            return _keys[0];
        }
    }

    private SecretKey? KeyOf(byte[] box) => SecretBox.KeyOf(box) is { } id ? _keys.FirstOrDefault(key => key.Id == id) : null;

    /// <summary>Written beside, flushed and renamed, before anything is encrypted under them: killed at any time, every box has its key in the file.</summary>
    private void Keep(IReadOnlyList<SecretKey> keys)
    {
        string fresh = _path + ".new";
        try
        {
            File.Delete(fresh);
            var style = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows()) style.UnixCreateMode = OwnerOnly;
            using (var file = new FileStream(fresh, style))
            {
                file.Write(Encoding.ASCII.GetBytes(string.Concat(keys.Select(key => key.ToLine() + "\n"))));
                file.Flush(flushToDisk: true);
            }
            FileOwner.Give(fresh);
            File.Move(fresh, _path, overwrite: true);
            DirectoryFlush.Run(Path.GetDirectoryName(Path.GetFullPath(_path))!);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new StoreException($"{_path} cannot be written: {failure.Message}", failure);
        }
        _keys = keys;
    }
}

/// <summary>The key file is lost, damaged, or open to strangers. Nothing is done with secrets until somebody has looked; exit code 2.</summary>
internal sealed class SecretKeyException : StoreException
{
    public SecretKeyException(string message) : base(message) { }

    public SecretKeyException(string message, Exception inner) : base(message, inner) { }
}

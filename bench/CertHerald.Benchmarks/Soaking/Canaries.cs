using System.Security.Cryptography;
using System.Text;

namespace CertHerald.Benchmarks.Soaking;

/// <summary>A webhook's secrets, each unlike anything else: whoever finds one in a line, a file or an answer has found a leak.</summary>
internal sealed record Canaries(string Password, string Path, string Query, string Header, string SigningSecret)
{
    /// <summary>What the header Authorization carries.</summary>
    public string Basic => Convert.ToBase64String(Encoding.UTF8.GetBytes("chaos:" + Password));

    /// <summary>Every form that may be seen.</summary>
    public IEnumerable<string> All => [Password, Uri.EscapeDataString(Password), Path, Query, Header, SigningSecret["whsec_".Length..], Basic];

    public static Canaries Make() => new(
        // Not the same once it is percent-encoded.
        Word() + "@/é", Word(), Word(), Word(), "whsec_" + Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)));

    private static string Word() => "canary" + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(12));
}

/// <summary>Looks for canaries wherever the program shows or keeps something.</summary>
internal sealed class CanaryWatch
{
    private readonly Lock _gate = new();
    private readonly HashSet<string> _found = [];
    private (string Name, byte[] Text)[] _wanted = [];

    /// <summary>Where which was found, each place once.</summary>
    public IReadOnlyCollection<string> Found
    {
        get { lock (_gate) return [.. _found]; }
    }

    public void Add(string name, params IEnumerable<string> canaries)
    {
        lock (_gate) _wanted = [.. _wanted, .. canaries.Distinct().Select(canary => (name, Encoding.UTF8.GetBytes(canary)))];
    }

    public void Look(string place, string text) => Look(place, Encoding.UTF8.GetBytes(text));

    public void Look(string place, ReadOnlySpan<byte> bytes)
    {
        foreach ((string name, byte[] text) in _wanted)
            if (bytes.IndexOf(text) >= 0)
                lock (_gate)
                    _found.Add($"{place} holds a secret of {name}");
    }

    /// <summary>Every file below a folder, whatever it is.</summary>
    public void LookIntoFiles(string folder)
    {
        if (!Directory.Exists(folder)) return;
        foreach (string file in Directory.GetFiles(folder, "*", SearchOption.AllDirectories))
            try
            {
                using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
                using var copy = new MemoryStream();
                stream.CopyTo(copy);
                Look(System.IO.Path.GetFileName(file), copy.GetBuffer().AsSpan(0, (int)copy.Length));
            }
            catch (Exception e) when (e is FileNotFoundException or IOException)
            {
                // Gone between the two: a journal that was cleared away.
            }
    }
}

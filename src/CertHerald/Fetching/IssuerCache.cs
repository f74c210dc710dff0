using CertHerald.Transparency.Merkle;

namespace CertHerald.Fetching;

/// <summary>
/// Issuers' certificates by their hashes, which were checked: whichever log gave one, it is the same for all. Those used last
/// stay. Thread-safe.
/// </summary>
internal sealed class IssuerCache
{
    /// <summary>Some 6,000 real ones; all logs together have fewer.</summary>
    public const int MostBytes = 16 << 20;

    private readonly Lock _gate = new();
    private readonly Dictionary<MerkleHash, LinkedListNode<(MerkleHash Fingerprint, byte[] Certificate)>> _places = [];
    private readonly LinkedList<(MerkleHash Fingerprint, byte[] Certificate)> _lastUsed = new();

    /// <summary>Of all certificates in it.</summary>
    public int Bytes { get; private set; }

    public byte[]? Find(MerkleHash fingerprint)
    {
        lock (_gate)
        {
            if (!_places.TryGetValue(fingerprint, out var place)) return null;
            _lastUsed.Remove(place);
            _lastUsed.AddFirst(place);
            return place.Value.Certificate;
        }
    }

    /// <param name="certificate">Of this hash. Of at most <see cref="LogHttp.SmallCap"/> bytes.</param>
    public void Keep(MerkleHash fingerprint, byte[] certificate)
    {
        lock (_gate)
        {
            if (!_places.TryAdd(fingerprint, new((fingerprint, certificate)))) return;
            _lastUsed.AddFirst(_places[fingerprint]);
            Bytes += certificate.Length;
            while (Bytes > MostBytes)
            {
                (MerkleHash oldest, byte[] dropped) = _lastUsed.Last!.Value;
                _lastUsed.RemoveLast();
                _places.Remove(oldest);
                Bytes -= dropped.Length;
            }
        }
    }
}

using System.Buffers.Binary;
using System.Globalization;
using System.IO.Pipelines;
using System.Security.Cryptography;
using System.Text;
using CertHerald.Transparency.Merkle;

namespace CertHerald.TestLog.Serving;

/// <summary>The monitoring side of static-ct: checkpoint, tiles, issuers.</summary>
internal sealed class StaticCtCalls(Log log, string origin)
{
    private const string Binary = "application/octet-stream";
    private const int Width = 256, ReadBytes = 64 * 1024;

    /// <param name="path">Below the monitoring prefix.</param>
    public Answer For(string path, LogView view)
    {
        if (path == "checkpoint") return Answer.Bytes(200, "text/plain; charset=utf-8", Checkpoint(view.Head));
        if (path.StartsWith("issuer/", StringComparison.Ordinal)) return Issuer(path["issuer/".Length..]);
        if (path.StartsWith("tile/", StringComparison.Ordinal) && TilePath.TryParse(path["tile/".Length..]) is { } tile) return Tile(tile, view);
        return Answer.NotFound;
    }

    /// <summary>A signed note with one signature, of type 5: RFC6962NoteSignature.</summary>
    private byte[] Checkpoint(PublishedHead head) => Encoding.UTF8.GetBytes(NoteText(origin, head) + "\n" + SignatureLine(log, origin, head));

    /// <summary>What a checkpoint says, without its signatures.</summary>
    public static string NoteText(string origin, PublishedHead head) => $"{origin}\n{head.Size}\n{head.Root}\n";

    /// <summary>A line of type 5 with the log's signature of a head, made out to an origin.</summary>
    public static string SignatureLine(Log log, string origin, PublishedHead head)
    {
        byte[] keyId = SHA256.HashData([.. Encoding.UTF8.GetBytes(origin), (byte)'\n', 5, .. log.StaticCtKey.Id.Value.ToArray()]);
        byte[] signature = new byte[4 + 8 + head.StaticCtSignature.Length];
        keyId.AsSpan(0, 4).CopyTo(signature);
        BinaryPrimitives.WriteUInt64BigEndian(signature.AsSpan(4), head.Timestamp);
        head.StaticCtSignature.Span.CopyTo(signature.AsSpan(12));
        return $"— {origin} {Convert.ToBase64String(signature)}\n";
    }

    private Answer Tile(TilePath tile, LogView view)
    {
        // Full tiles of the published tree, and every partial one that a head ever published had.
        int shift = 8 * tile.Level;
        UInt128 first = (UInt128)tile.Number * Width, until = (first + (uint)tile.Count) << shift;
        if (until > view.Head.Size.Value) return Answer.NotFound;
        if (tile.Count < Width && !log.HasPublishedBetween((ulong)until, (ulong)until + (1UL << shift))) return Answer.NotFound;

        if (tile.IsData) return Data((ulong)first, tile.Count);
        byte[] hashes = new byte[tile.Count * MerkleHash.Length];
        view.ReadHashes(shift, (ulong)first, hashes);
        return Answer.Bytes(200, Binary, hashes) with { CacheControl = Answer.Forever, Shrinks = false };
    }

    private Answer Data(ulong first, int count)
    {
        (long from, long to) = log.FindTile(first, count);
        return new Answer(200, Binary, to - from, (body, cancellation) => WriteAsync(body, from, to, cancellation))
        {
            CacheControl = Answer.Forever,
            Entries = (first, count),
        };
    }

    private async ValueTask WriteAsync(PipeWriter body, long from, long to, CancellationToken cancellation)
    {
        while (from < to)
        {
            Memory<byte> room = body.GetMemory(ReadBytes);
            int read = (int)Math.Min(room.Length, to - from);
            log.ReadTileBytes(from, room.Span[..read]);
            body.Advance(read);
            from += read;
            await body.FlushAsync(cancellation);
        }
    }

    private Answer Issuer(string name)
    {
        Span<byte> fingerprint = stackalloc byte[MerkleHash.Length];
        if (name.Length != 64 || name.AsSpan().ContainsAnyInRange('A', 'F')
            || Convert.FromHexString(name, fingerprint, out _, out _) != System.Buffers.OperationStatus.Done
            || !log.TryGetIssuer(new MerkleHash(fingerprint), out byte[] issuer))
            return Answer.NotFound;
        return Answer.Bytes(200, "application/pkix-cert", issuer) with { CacheControl = Answer.Forever };
    }
}

/// <summary>A tile's place, as static-ct writes it: <c>LEVEL/x001/x234/067.p/8</c>.</summary>
/// <param name="Level">0 for data tiles too.</param>
/// <param name="Count">Its width, 1 to 256.</param>
internal sealed record TilePath(bool IsData, int Level, ulong Number, int Count)
{
    /// <summary>Null where it is not the one way to write the place.</summary>
    public static TilePath? TryParse(string path)
    {
        string[] parts = path.Split('/');
        bool isData = parts[0] == "data";
        int level = 0;
        if (!isData)
        {
            if (parts[0].Length != 1 || parts[0][0] is < '0' or > '5') return null;
            level = parts[0][0] - '0';
        }

        Span<string> groups = parts.AsSpan(1);
        int count = 256;
        if (groups.Length >= 2 && groups[^2].EndsWith(".p", StringComparison.Ordinal))
        {
            if (groups[^1].StartsWith('0') || !int.TryParse(groups[^1], NumberStyles.None, CultureInfo.InvariantCulture, out count)
                || count is < 1 or > 255)
                return null;
            groups = groups[..^1];
            groups[^1] = groups[^1][..^2];
        }
        return TryReadNumber(groups, out ulong number) ? new TilePath(isData, level, number, count) : null;
    }

    private static bool TryReadNumber(ReadOnlySpan<string> groups, out ulong number)
    {
        number = 0;
        // 2^64 entries have fewer than 10^18 tiles.
        if (groups.Length is 0 or > 6) return false;
        for (int i = 0; i < groups.Length; i++)
        {
            bool isLast = i == groups.Length - 1;
            if (!isLast && !groups[i].StartsWith('x')) return false;
            string digits = isLast ? groups[i] : groups[i][1..];
            if (digits.Length != 3 || !uint.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out uint value)) return false;
            if (i == 0 && value == 0 && !isLast) return false;
            number = number * 1000 + value;
        }
        return true;
    }
}

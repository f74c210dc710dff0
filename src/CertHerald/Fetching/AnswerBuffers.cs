using System.Diagnostics.CodeAnalysis;

namespace CertHerald.Fetching;

/// <summary>
/// Memory for answers' bodies, used again and again. The framework's pool keeps arrays for every thread that ever gave one
/// back and rounds up to powers of two: with answers of many megabytes that is most of what a process takes. Thread-safe.
/// </summary>
internal sealed class AnswerBuffers
{
    // Together; what is given back beyond is garbage. Enough for the answers in flight of a log that is caught up with.
    private const int MostKept = 24 << 20;
    private const int Step = 64 * 1024;

    private readonly Lock _gate = new();
    private readonly List<byte[]> _kept = [];
    private int _keptBytes;

    public static AnswerBuffers Shared { get; } = new();

    /// <summary>Bytes that wait to be used again.</summary>
    public int KeptBytes
    {
        get { lock (_gate) return _keptBytes; }
    }

    /// <summary>At least this long, content arbitrary.</summary>
    public byte[] Rent(int length)
    {
        lock (_gate)
            if (TryTake(length, out byte[]? kept)) return kept;
        return GC.AllocateUninitializedArray<byte>((int)(((long)length + Step - 1) / Step * Step));
    }

    /// <summary>Gives an array back, which nobody may use from then on.</summary>
    public void Return(byte[] buffer)
    {
        lock (_gate)
        {
            _kept.Add(buffer);
            _keptBytes += buffer.Length;
            // The oldest go: sizes that are not asked for any more make room for those that are.
            while (_keptBytes > MostKept)
            {
                _keptBytes -= _kept[0].Length;
                _kept.RemoveAt(0);
            }
        }
    }

    private bool TryTake(int length, [NotNullWhen(true)] out byte[]? buffer)
    {
        buffer = null;
        int best = -1;
        for (int i = 0; i < _kept.Count; i++)
            if (_kept[i].Length >= length && (best < 0 || _kept[i].Length < _kept[best].Length)) best = i;

        // A checkpoint does not take a buffer that fits ten thousand entries.
        if (best < 0 || _kept[best].Length > 4L * Math.Max(length, Step)) return false;

        buffer = _kept[best];
        _kept.RemoveAt(best);
        _keptBytes -= buffer.Length;
        return true;
    }
}

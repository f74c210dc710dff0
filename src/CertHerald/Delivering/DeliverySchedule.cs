using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace CertHerald.Delivering;

/// <summary>When a delivery is tried, counted from its first attempt.</summary>
/// <param name="Offsets">One per attempt, ascending, the first zero.</param>
/// <param name="Jitter">The share of the gap before an attempt by which it may come sooner or later: 0.1 is ± 10 %.</param>
internal sealed record DeliverySchedule(IReadOnlyList<TimeSpan> Offsets, double Jitter)
{
    /// <summary>The gap that follows so many counted attempts, without jitter; the first one after the last.</summary>
    public TimeSpan GapAfter(int tries) => GapBefore(tries < Offsets.Count ? tries : 1);

    /// <summary>
    /// When the next attempt is due; null once the delivery is a dead letter. An attempt that began late (we were down, or
    /// its webhook paused) shifts all that follow: lateness costs no try.
    /// </summary>
    /// <param name="tries">Counted attempts, the one just made included.</param>
    /// <param name="due">When that one was due.</param>
    /// <param name="started">When it began.</param>
    public DateTimeOffset? NextAfter(int tries, DateTimeOffset due, DateTimeOffset started, string key)
    {
        if (tries >= Offsets.Count) return null;

        DateTimeOffset unspread = (started > due ? started : due) - SpreadOf(tries - 1, key);
        return unspread + GapBefore(tries) + SpreadOf(tries, key);
    }

    /// <summary>
    /// How far an attempt is moved from its place. Drawn from the delivery's key, not from a generator: the place itself can
    /// so be found again from the due time alone, and jitter does not add up over the attempts. None on the first and last.
    /// Whole milliseconds, since stores keep nothing finer.
    /// </summary>
    public TimeSpan SpreadOf(int attempt, string key)
    {
        if (attempt <= 0 || attempt >= Offsets.Count - 1) return TimeSpan.Zero;

        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes($"{key}:{attempt}"), hash);
        double chance = BinaryPrimitives.ReadUInt32LittleEndian(hash) / (double)uint.MaxValue;
        return TimeSpan.FromMilliseconds((long)(GapBefore(attempt).TotalMilliseconds * Jitter * (2 * chance - 1)));
    }

    private TimeSpan GapBefore(int attempt) => Offsets[attempt] - Offsets[attempt - 1];
}

using CertHerald.Names;

namespace CertHerald.Inspecting;

/// <summary>One batch's search for look-alikes, and for ordinary names to keep. Allocates nothing.</summary>
internal struct Looking(Protection protection, NameSample? sample)
{
    private readonly bool _isIdle = sample is null && protection.IsEmpty;
    private NameSampling _sampling = sample is null ? default : sample.Begin();
    private long _judged;
    private int _firstLength;
    private NameBuffer _first;

    public readonly Protection Protection => protection;

    /// <summary>Goes to the next certificate.</summary>
    public void Begin() => _firstLength = 0;

    /// <summary>Whether a value may give a look-alike. The common name of a certificate, which most repeat among their other names, is judged once.</summary>
    /// <param name="isEnough">An earlier one may, already: this one need not be judged.</param>
    public bool Sees(NameSource source, ReadOnlySpan<byte> value, bool isEnough)
    {
        if (_isIdle || source == NameSource.IpAddress) return false;
        if (source == NameSource.CommonName)
        {
            _firstLength = value.Length <= NameBuffer.Length ? value.Length : 0;
            value[.._firstLength].CopyTo(_first);
        }
        else
        {
            if (sample is not null) _sampling.Offer(value);
            if (value.SequenceEqual(_first[.._firstLength])) return false;
        }
        if (protection.IsEmpty || isEnough) return false;
        _judged++;
        return protection.MayAlert(source, value);
    }

    /// <summary>Hands in what was counted.</summary>
    public readonly void Finish()
    {
        if (sample is null) return;
        sample.Judged(_judged);
        _sampling.Finish();
    }

    [System.Runtime.CompilerServices.InlineArray(Length)]
    private struct NameBuffer
    {
        public const int Length = 256;

        private byte _byte;
    }
}

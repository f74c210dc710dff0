namespace CertHerald.Tests.Fetching;

/// <summary>
/// Whether nothing has happened for a moment, so that a clock of ours may be moved on. While a request waits for its answer that
/// moment is far longer: on a slow machine the clock would put it out of time, as if its log had kept silent.
/// </summary>
/// <param name="looks">In a row at which everything must be as before.</param>
internal sealed class Stillness(Asking asking, int looks = 3)
{
    /// <summary>How much longer: whoever has not answered by then does not mean to.</summary>
    private const int Patience = 25;

    private object? _seen;
    private int _still;

    /// <summary>Looks once more. It begins anew when it is still.</summary>
    /// <param name="state">What besides requests tells that something happens.</param>
    public bool Look(object? state = null)
    {
        object now = (asking.Outcomes.Count, state);
        _still = now.Equals(_seen) ? _still + 1 : 0;
        _seen = now;
        if (_still < (asking.UnderWay > 0 ? Patience * looks : looks)) return false;

        _still = 0;
        return true;
    }
}

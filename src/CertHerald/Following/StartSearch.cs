using CertHerald.Fetching;
using CertHerald.Transparency.Heads;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Following;

/// <summary>
/// Finds where reading begins. A log that does not give some entry would be searched for ever: after some failures such
/// entries are passed, which begins earlier than need be. For one caller at a time.
/// </summary>
internal sealed class StartSearch
{
    private const int Patience = 5;

    private int _failures;

    /// <summary>The frontier to begin with.</summary>
    /// <param name="find">Looks for the place; told whether to pass entries that the log does not give.</param>
    /// <exception cref="LogUnavailableException">Counted: the next call may pass what failed.</exception>
    public async Task<Frontier> FindAsync(LogReader reader, VerifiedHead head, Func<bool, Task<TreeSize>> find, CancellationToken cancellation)
    {
        _failures++;
        TreeSize start = await find(_failures > Patience);
        Frontier frontier = await reader.StartAtAsync(start, head, cancellation);
        _failures = 0;
        return frontier;
    }
}

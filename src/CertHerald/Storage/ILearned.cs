using CertHerald.Fetching;
using CertHerald.Transparency.Logs;

namespace CertHerald.Storage;

/// <summary>What was learned of logs and their hosts, so that a restart need not learn it again. A part of <see cref="IStore"/>.</summary>
internal interface ILearned
{
    Task<Learned> LearnedAsync(CancellationToken cancellation);

    /// <summary>Replaces what is named in it; the rest stays.</summary>
    Task KeepLearnedAsync(Learned learned, CancellationToken cancellation);
}

/// <param name="Rates">By operator and host.</param>
/// <param name="Pages">Entries that a log gives at once.</param>
internal sealed record Learned(IReadOnlyList<LearnedRate> Rates, IReadOnlyDictionary<LogId, int> Pages)
{
    public static Learned Nothing { get; } = new([], new Dictionary<LogId, int>());
}

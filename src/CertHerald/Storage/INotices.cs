namespace CertHerald.Storage;

/// <summary>What operator channels were told, and what they are to be told. A part of <see cref="IStore"/>.</summary>
internal interface INotices
{
    /// <summary>
    /// Owes channels a notice of all that they have not been told of: what became of incidents, but for those of
    /// <see cref="IncidentKinds.UnparsableEntry"/>, which are told by <see cref="UntoldMalformedAsync"/>; and news of webhooks. Of one
    /// log, kind and change, or of one webhook and kind, at most one in <paramref name="apart"/>: what comes sooner waits, and is told
    /// together. News of many webhooks at once become one notice. A channel is told nothing of itself. One transaction: killed before
    /// it, all is told by the next call; killed after it, nothing is told twice.
    /// </summary>
    /// <param name="channels">Names of webhooks. Empty: nobody is told. What is open then is told of once there is somebody.</param>
    /// <returns>Deliveries that are now owed.</returns>
    Task<int> TellAsync(IReadOnlyList<string> channels, TimeSpan apart, CancellationToken cancellation);

    /// <summary>Owes channels one notice, in one transaction with the note that it was told.</summary>
    /// <returns>Deliveries that are now owed; 0 without channels, and if there was a notice of this <see cref="NoticeDraft.Uid"/> before.</returns>
    Task<int> OweNoticeAsync(NoticeDraft draft, IReadOnlyList<string> channels, CancellationToken cancellation);

    /// <summary>Null if there is none.</summary>
    Task<Notice?> FindNoticeAsync(long id, CancellationToken cancellation);

    /// <summary>The newest of a type, and of a subject if one is given; null if there is none.</summary>
    Task<Notice?> LastNoticeAsync(string type, string? subject, CancellationToken cancellation);

    /// <summary>Entries that cannot be read and that no notice has counted yet, by log; those without any are left out.</summary>
    Task<IReadOnlyList<MalformedFacts>> UntoldMalformedAsync(CancellationToken cancellation);

    /// <summary>When a webhook was last owed anything but a notice; null if none ever was.</summary>
    Task<DateTimeOffset?> LastAlertAsync(CancellationToken cancellation);

    /// <summary>Deletes notices from before a time that no delivery is about, but for the newest of each type and subject; and told news.</summary>
    Task<int> ForgetNoticesAsync(DateTimeOffset before, CancellationToken cancellation);
}

namespace CertHerald.Transparency.Certificates;

/// <summary>What a walk has found amiss: always the flags, and the places too if somebody wants to read them.</summary>
internal struct FlawNotes(List<CertificateProblem>? problems)
{
    // A hostile certificate can hold a million flaws; a person reads a few.
    private const int MostProblems = 100;

    public CertificateFlaws Flaws;

    public readonly bool AreForPeople => problems is not null;

    public void Add(CertificateFlaws flaw, int offset)
    {
        Flaws |= flaw;
        if (problems is { Count: < MostProblems }) problems.Add(CertificateProblem.Of(flaw, offset));
    }

    public bool Read(scoped ref DerReader reader, out DerValue value)
    {
        if (!reader.TryRead(out value)) return false;
        if (value.IsBer) Add(CertificateFlaws.BerLength, value.Offset);
        return true;
    }

    /// <summary>
    /// Reads a value that holds others, as far as it goes. If it is cut short, that is noted as <paramref name="ifCut"/>.
    /// </summary>
    public bool ReadFrame(scoped ref DerReader reader, CertificateFlaws ifCut, out DerValue value)
    {
        if (!reader.TryReadFrame(out value, out bool isCut)) return false;
        if (value.IsBer) Add(CertificateFlaws.BerLength, value.Offset);
        if (isCut && ifCut != CertificateFlaws.None) Add(ifCut, value.Offset);
        return true;
    }
}

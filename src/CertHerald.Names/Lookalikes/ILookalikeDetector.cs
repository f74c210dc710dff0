namespace CertHerald.Names.Lookalikes;

/// <summary>One way to pass oneself off as another. Stateless: judges what was seen in a name.</summary>
internal interface ILookalikeDetector
{
    LookalikeClass Class { get; }

    /// <summary>Points before evidence and background; zero or less if this is not the way.</summary>
    int Points(in Sighting sighting);

    /// <summary>What was done, in a clause for people.</summary>
    string Explain(in Sighting sighting, in Quotation quotation);
}

/// <summary>What an explanation quotes.</summary>
/// <param name="Matched">The part that imitates, as it stands in the name; foreign characters decoded.</param>
/// <param name="Word">What it imitates, as the owner writes it.</param>
/// <param name="Domain">The protected domain.</param>
/// <param name="Registrable">What the stranger registered.</param>
/// <param name="Drawn">The same with foreign characters decoded.</param>
/// <param name="Suffix">Below which it was registered.</param>
/// <param name="Changes">Which characters stand for which, in words; empty if none.</param>
internal readonly record struct Quotation(string Matched, string Word, string Domain, string Registrable, string Drawn, string Suffix, string Changes);

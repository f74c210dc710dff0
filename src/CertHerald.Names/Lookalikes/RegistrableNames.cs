using System.Text;

namespace CertHerald.Names.Lookalikes;

/// <summary>
/// Whose a name is: the part that somebody registered, by the same list of suffixes and hosting services that look-alikes are judged
/// with. For the few names that matter. Thread-safe.
/// </summary>
/// <param name="suffixes">Null: as <see cref="LookalikeIndex.Build"/> without one.</param>
public sealed class RegistrableNames(PublicSuffixes? suffixes)
{
    private readonly NameTables _tables = new(suffixes, CharacterFolds.BuiltIn, HostingSuffixes.Hashes);

    /// <summary><c>evil.com</c> for <c>*.facebook.com.evil.com</c>, in lower case; the name itself if nobody can have registered it.</summary>
    /// <param name="name">As a certificate holds it.</param>
    public string Of(ReadOnlySpan<byte> name)
    {
        var text = new NameText();
        return text.Read(name, _tables) ? Encoding.Latin1.GetString(text.Registrable) : Encoding.Latin1.GetString(name).ToLowerInvariant();
    }
}

namespace CertHerald.Names.Lookalikes;

/// <summary>Suffixes whose names cost next to nothing to register, by the price lists of large registrars: deceivers buy them in bulk.</summary>
internal static class CheapSuffixes
{
    /// <summary>Without a leading dot.</summary>
    public static WordSet Words { get; } = new("""
        top xyz icu cyou cn tk ml ga cf gq buzz shop club online site website space fun live click link work rest bar sbs cfd monster surf quest bond lol vip win bid loan men party date stream
        racing review trade download science cam mom beauty hair skin makeup autos boats homes motorcycles yachts pics pw ws su best store today world life digital support center services
        com.cn net.cn org.cn asia tokyo wang ren ltd ink one fit host press uno cc la mobi
        """);
}

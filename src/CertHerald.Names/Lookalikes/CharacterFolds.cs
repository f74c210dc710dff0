using System.Collections.Frozen;

namespace CertHerald.Names.Lookalikes;

/// <summary>
/// What a character outside ASCII is drawn like: a letter, a digit or a hyphen. A table of our own over the scripts that
/// domain names mix; <c>confusables.txt</c> may extend it. Immutable and thread-safe. UTS #39 §4.
/// </summary>
public sealed class CharacterFolds
{
    /// <summary>What is drawn like nothing in ASCII.</summary>
    internal const byte None = 0;

    /// <summary>What is not drawn at all.</summary>
    internal const byte Invisible = 1;

    /// <summary>Without any file.</summary>
    public static CharacterFolds BuiltIn { get; } = new(Build());

    private readonly FrozenDictionary<int, Fold> _folds;

    private CharacterFolds(Dictionary<int, Fold> folds) => _folds = folds.ToFrozenDictionary();

    /// <summary>These, and the single characters of a table that are drawn like one character of ASCII. What is here stays.</summary>
    /// <param name="confusables"><c>confusables.txt</c> of UTS #39.</param>
    public CharacterFolds With(UnicodeTable confusables)
    {
        ArgumentNullException.ThrowIfNull(confusables);
        var folds = new Dictionary<int, Fold>(_folds);
        foreach (UnicodeRow row in confusables.Rows)
        {
            if (row.First < 0x80 || row.First != row.Last || row.Fields.Count == 0) continue;
            if (Drawn(row.Fields[0]) is { } to) folds.TryAdd(row.First, new Fold(to, None));
        }
        return new CharacterFolds(folds);
    }

    /// <summary>What a code point is drawn like, and what else it may be taken for.</summary>
    internal bool TryFold(int codePoint, out byte first, out byte second)
    {
        bool isKnown = _folds.TryGetValue(codePoint, out Fold fold);
        (first, second) = (fold.First, fold.Second);
        return isKnown;
    }

    /// <summary>Latin letters with marks are what people write; letters of another script among Latin ones are not.</summary>
    internal static bool IsLatin(int codePoint) => codePoint is < 0x250 or (>= 0x300 and < 0x370) or (>= 0x1E00 and < 0x1F00);

    // A prototype of several characters counts if marks are all that follows the first.
    private static byte? Drawn(string sequence)
    {
        byte? drawn = null;
        foreach (string hex in sequence.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            if (!int.TryParse(hex, System.Globalization.NumberStyles.AllowHexSpecifier, null, out int point)) return null;
            if (point is >= 0x300 and < 0x370 && drawn is not null) continue;
            if (drawn is not null || point >= 0x80 || !(char.IsAsciiLetterOrDigit((char)point) || point == '-')) return null;
            drawn = (byte)char.ToLowerInvariant((char)point);
        }
        return drawn;
    }

    // What else names may hold that UTS #39 draws so, rare letters of old scripts for the most: the character, and code points in hexadecimal.
    private const string Rare = """
        2 A6EF 3 0969 0AE9 118CA 16F3B 1D206 4 13CE 6 13EE 2CD3 118D5 7 118C6 1D212 8 0223 09EA 0A6A 0B03 1031A 1E8CB 9 09ED 0A67 0B68 0D6D 2CCB 118CC 118D6 a 237A 102A0 16F40 b
        15AF 10282 102A1 10301 c 1004 105A 102A2 10302 1043D 1051C 118E9 118F2 1F74C d 13E7 A4D2 e 22FF 2D39 AB32 10286 f A799 AB35 10287 102A5 10525 118C2 1D213 g 018D 1D83 h
        102CF i 2373 118C3 k 16D5 10518 l 05C0 0661 06F1 07CA 16C1 2223 23FD 2D4F 1028A 10309 10320 10526 11DDA 11DE1 16F16 16F28 1D22A 1E8C7 m 16D6 102B0 10311 n 10513 o 03ED
        06BE 06D5 07C0 0B20 0C02 0C82 0D02 0D82 10FF 12D0 17E0 2D54 AB3D 10292 102AB 1042C 104EA 10516 114D0 118C8 118D7 118E0 11DE0 p 03F8 2374 2CCF 10295 q 2D55 r 2C85 AB47
        AB48 16F35 1D216 s 0D1F 10296 10448 118C1 16F3A t 22A4 27D9 10297 102B1 10315 16F0A 1F768 u 1200 222A 22C3 A79F AB4E AB52 104F6 118D8 16F42 v 0667 06F7 2228 22C1 2D38
        A6DF 1051D 11706 118C0 16F08 1D20D w 2CBD 1170A 1170E 1170F 118E6 118EF x 00D7 157D 166D 166E 16B7 2573 292B 292C 2A2F 2D5D 10290 102B4 10317 10322 10527 118EC y 1D8C
        AB5A 102B2 118DC 16F43 z 102F5 118C4 118E5
        """;

    private static Dictionary<int, Fold> Build()
    {
        var folds = new Dictionary<int, Fold>();

        // Blocks in order: a letter, and how many times if more than once. '?' has no likeness.
        Block(0xC0, "a6?ce4i4dno5?ou4ypsa6?ce4i4dno5?ou4ypy");
        Block(0x100, "a6c8d4e10g8h4i10?2j2k3l10n9o6?2r6s8t6u12w2y3z6f");
        Block(0x180, "b6oc2d4?e3f2gyhlik2l?wn2o3?2p2rs2?2t4u3vy2z3?4s2?pl?12a2i2o2u10ea4?2g4k2o4z2j?3g2hpn2a2?2o2a4e4i4o4r4u4s2t2z2h2nd?2z2a2e2o8y2lntj?2ac2ltsz?2buve2j2q2r2y2");
        Block(0x250, "a3bc2d2e4?3jg3y?uh2i3l3?m3n3o?6r3?r?s?5tu2v2wy2z3?6b?ghj?lq");
        Block(0x1D00, "a?3cd?e?2jklm?o?o?6p?2tu?3vwz");
        Block(0x1E00, "a2b6c2d10e10f2g2h10i4k6l8m6n8o8p4r8s10t8u10v4w10x4y2z6htwyaf3sda24e16i4o24u14y8l2v2y2");
        Block(0x1F00, "a16e16n16i16o16u16w16a2e2n2i2o2u2w2");
        // Lisu is drawn in Latin capitals.
        Block(0xA4D0, "bp?dt?gk?jc?zf?mnlsr?2vh?2wxy?a?e?iou");
        for (int i = 0; i < 10; i++) folds[0xFF10 + i] = new Fold((byte)('0' + i), None);
        Letters(0xFF41);
        Letters(0x24D0);
        for (int alphabet = 0x1D400; alphabet < 0x1D6A4; alphabet += 26) Letters(alphabet);
        for (int point = 0x300; point < 0x370; point++) folds[point] = new Fold(Invisible, None);
        foreach (int point in (int[])[0xAD, 0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF]) folds[point] = new Fold(Invisible, None);

        // Cyrillic.
        Pairs("аaвbгrеeёeзeиuйuкkмmнhоoпnрpсcтtуyхxцuчyшwщwъbыbьbэeяrбbдdлnфoжxюo");
        Pairs("ѐeѓrєeѕsіiїiјjћhќkѝuўyђhљnњhџuѡwѵvѳoѣbґrғfҕhҙeқkҝkҟkҡkңhҥhҧnҩoҫcҭtүyұyҳxҵuҷyҹyһhҽeҿeӏlӑaӓaӕaӗeәeӛeӝxӟeӡeӣuӥuӧoөoӫoӭeӯyӱyӳyӵyӷrӹbӻfӽxӿxԁdԃdԅeԇeԋhԍgԏtԑeԓnԕnԗpԛqԝwԟkԡnԣhԥnԧhԩnҏpҍbҋuҁcӄkӆnӈhӊhӌyӎm");
        // Greek.
        Pairs("αaάaβbγyδdεeέeζzηnήnθoιiίiϊiΐiκkλlμuνvξeοoόoπnρpσoςcτtυuύuϋuΰuφoχxψwωwώwϐbϲcϳjϱpϵeϑoϕoϖwϰkϝfϟhϙoͻc");
        // Armenian, Georgian, Hebrew, Arabic, Coptic.
        Pairs("աwգqդnզqըnիhլlհhղnմuյjնuոnռnսuվuցgւlփqքpօoևlკvოmძdხbჩhყyიnვkსlოoסoוlוiןlחnטuاlهoهoہo٠o۰o٥o۵oⲁaⲃbⲉeⲓiⲕkⲙmⲏnⲟoⲡnⲣpⲥcⲧtⲩyⲭxⳑl");
        // Digits and letters of Asian scripts that are drawn as circles and strokes.
        Pairs("०o০o੦o૦o୦o௦o౦o೦o൦o๐o໐o၀oဝoഠoටoօoंo〇o口oロo工i丨l丶l卜t一-ー-二=三=人a入a乂x了j丁t力n匚c凵u");
        foreach (int hyphen in (int[])[0x2010, 0x2011, 0x2012, 0x2013, 0x2014, 0x2015, 0x2212, 0x2043, 0xFE63, 0xFF0D]) folds[hyphen] = new Fold((byte)'-', None);
        Pairs("ℓl℮eıiȷjƿpꜱsꝼfꞵbʌaɴnʜhᴦrꭵiꮷdᏼbᏻgꙇiꙑbꙗlꙋyꚃdꚍtꙡuꚁdꚑh");
        // Cherokee: capitals, and the small letters at the same distance.
        foreach ((int point, char drawn) in Cherokee())
        {
            folds[point] = new Fold((byte)drawn, None);
            if (point < 0x13F0) folds[point - 0x13A0 + 0xAB70] = new Fold((byte)drawn, None);
        }
        // Canadian syllabics.
        Pairs("ᐁvᐯvᑌuᑎnᑕcᑭpᑯdᑲbᒍjᒪlᒿzᕁxᕼhᖇrᗅaᗞdᗪdᗰmᗷbᗩaᗯwᗴeᘔzᙓeᖴfᓰiᔕs");

        AddRare();

        // Drawn like one and read as another.
        Second("вvзsнnрrсsуuхhпpгgиnчcьsцcшsжzяaюuэaлlдaбvфf");
        Second("ηhνnρrσsυyχkωoγvμmβvδo");
        Second("ßbðoþbøoæeœeαoəaſsʋuʌvɑoɐeɛeɔcǝaзzɯwքfטv");
        return folds;

        void Block(int point, string runs)
        {
            for (int i = 0; i < runs.Length;)
            {
                char letter = runs[i++];
                int count = 0;
                while (i < runs.Length && char.IsAsciiDigit(runs[i])) count = count * 10 + runs[i++] - '0';
                if (count == 0) count = 1;
                for (; count > 0; count--, point++) if (letter != '?') folds[point] = new Fold((byte)letter, None);
            }
        }

        void Letters(int point)
        {
            for (int i = 0; i < 26; i++) folds[point + i] = new Fold((byte)('a' + i), None);
        }

        void Pairs(string pairs) => Each(pairs, (point, drawn) => folds.TryAdd(point, new Fold(drawn, None)));

        void AddRare()
        {
            byte drawn = 0;
            foreach (string token in Rare.Split([' ', '\n', '\r'], StringSplitOptions.RemoveEmptyEntries))
            {
                if (token.Length == 1) drawn = (byte)token[0];
                else folds.TryAdd(int.Parse(token, System.Globalization.NumberStyles.AllowHexSpecifier, System.Globalization.CultureInfo.InvariantCulture), new Fold(drawn, None));
            }
        }

        void Second(string pairs) => Each(pairs, (point, drawn) => folds[point] = folds.TryGetValue(point, out Fold fold) ? fold with { Second = drawn } : new Fold(drawn, None));

        static void Each(string pairs, Action<int, byte> take)
        {
            for (int i = 0; i + 1 < pairs.Length; i += 2)
                if (pairs[i + 1] is >= 'a' and <= 'z' or '-') take(pairs[i], (byte)pairs[i + 1]);
        }
    }

    private static IEnumerable<(int Point, char Drawn)> Cherokee()
    {
        const string Capitals = "DRT..i...YAJE......W...M...H.Y..G.hZ..l........b..R.WS...VS...LC..P...K";
        for (int i = 0; i < Capitals.Length; i++) if (Capitals[i] != '.') yield return (0x13A0 + i, char.ToLowerInvariant(Capitals[i]));
        yield return (0x13F3, 'g');
        yield return (0x13F4, 'b');
        yield return (0x13FB, 'g');
        yield return (0x13FC, 'b');
    }

    private readonly record struct Fold(byte First, byte Second);
}

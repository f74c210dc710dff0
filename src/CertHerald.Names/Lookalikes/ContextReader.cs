namespace CertHerald.Names.Lookalikes;

/// <summary>Says of a hit where it stands, how it was changed, and what stands around it.</summary>
internal static class ContextReader
{
    private const int LongestWww = 8;

    // Of fewer characters, letters that join (rn for m), marks, hyphens and dots make other words.
    private const int ShortestForFolds = 5;

    /// <summary>Where a hit stands. False for what only looks like one: letters across words, a joined domain that is not joined.</summary>
    public static bool TryFind(NameText name, Evidence ofName, in Hit hit, in WordFacts word, SuffixWords suffixes, out Scene scene)
    {
        scene = default;
        int start = hit.Start, end = hit.End;
        bool crossesDot = false, hasHyphen = false;
        for (int i = start + 1; i < end; i++)
        {
            if (name.Before[i] == Gap.Dot) crossesDot = true;
            else if (name.Before[i] != Gap.None && (hit.Slips > 0 || (word.Hyphens >> (i - start) & 1) == 0)) hasHyphen = true;
        }
        bool opens = name.Before[start] != Gap.None, closes = name.Before[end] != Gap.None;
        bool isJoined = word.Kind == BrandWordKind.Joined;
        // Across words only what begins and ends with words.
        if ((crossesDot || hasHyphen) && !(opens && closes)) return false;
        if (isJoined && (!opens || !closes || name.Before[start + word.Joint] == Gap.None)) return false;

        int label = name.LabelOf[start];
        bool isOwner = label == name.OwnerLabel;
        int labelStart = name.TextStart[label], labelEnd = end;
        while (name.Before[labelEnd] != Gap.Dot) labelEnd++;

        Evidence evidence = isJoined ? Evidence.OwnSuffix : suffixes.After(name, end, word);
        ReadOnlySpan<byte> left = name.Raw.AsSpan(labelStart, start - labelStart), right = name.Raw.AsSpan(end, labelEnd - end);
        bool isWww = left.Length is > 0 and <= LongestWww && IsWww(left, name.Before[start] is Gap.Hyphen or Gap.Hyphens), isTld = right.Length > 0 && ((Keywords.TopLevels.Contains(right) && !Keywords.Descriptive.Contains(right)) || ((evidence & Evidence.OwnSuffix) != 0 && name.Before[end] == Gap.None));
        if (isWww && (right.IsEmpty || isTld)) evidence |= Evidence.Www;
        if (isTld && name.Before[end] == Gap.None && (isWww || left.IsEmpty)) evidence |= Evidence.TldInside;
        if (end == name.Length && suffixes.ReadsOn(name.Suffix, word)) evidence |= Evidence.ReadsOn;
        if (name.HasForeign) evidence |= OfForeign(name, hit, labelStart, labelEnd);

        Place place = crossesDot && !isJoined ? Place.Across : PlaceOf(name, start, end);
        scene = new Scene(place, evidence | OfLabel(ofName, isOwner), hasHyphen);
        return true;
    }

    /// <summary>What foreign characters say that are not the change itself: that others stand there, and that scripts are mixed in a label.</summary>
    private static Evidence OfForeign(NameText name, in Hit hit, int labelStart, int labelEnd)
    {
        Evidence evidence = 0;
        var scripts = new ScriptSet();
        for (int i = labelStart; i < labelEnd; i++)
        {
            if (name.Before[i] == Gap.Dot) scripts = new ScriptSet();
            scripts.Add(name.CharacterAt(i));
            if (scripts.IsMixed) evidence |= Evidence.MixedScripts;
            if (name.Marks[i] != Foreign.No && (i < hit.Start || i >= hit.End || hit.Slips > 0)) evidence |= Evidence.Foreign;
        }
        return evidence;
    }

    /// <summary>Where in a label a text stands.</summary>
    public static Place PlaceOf(NameText name, int start, int end)
    {
        Gap opens = name.Before[start], closes = name.Before[end];
        bool isOwner = name.LabelOf[start] == name.OwnerLabel;
        return opens == Gap.Dot && closes == Gap.Dot ? isOwner ? Place.Label : Place.SubLabel
            : opens != Gap.None && closes != Gap.None ? isOwner ? Place.Word : Place.SubWord
            : opens != Gap.None || closes != Gap.None ? isOwner ? Place.Edge : Place.SubEdge
            : isOwner ? Place.Inner : Place.SubInner;
    }

    /// <summary>What holds for the words of a label: that somebody's own is odd says something of those below only.</summary>
    public static Evidence OfLabel(Evidence ofName, bool isOwner) => isOwner ? ofName & ~Evidence.OddOwner : ofName;

    /// <summary>What a hit shows, letter by letter. False for what is like its word as anything is.</summary>
    public static bool TrySee(NameText name, in Hit hit, in Scene scene, in WordFacts facts, WordIndex words, SuffixWords suffixes, out Sighting sighting)
    {
        sighting = default;
        Change change = ChangeOf(name, hit, words.RawOf(hit.Word, facts.Length), HasOtherGaps(name, hit, scene, facts, words));
        // In a few letters anything is like anything.
        if (facts.Length <= 3 && change is not (Change.None or Change.Hyphen)) return false;
        if (facts.Label < ShortestForFolds && (change is Change.Accent or Change.Hyphen || scene.HasHyphen || (hit.Slips == 0 && hit.End - hit.Start != facts.Length))) return false;
        bool isDotted = name.Before[hit.Start] == Gap.Dot && (facts.Kind == BrandWordKind.Joined ? name.Before[hit.End] == Gap.Dot : suffixes.EndsAtDot(name, hit.End, facts));
        sighting = new Sighting(words.Words[hit.Word], hit.Word, scene.Place, change, scene.Evidence, hit.Start, hit.End) { IsDotted = isDotted };
        return true;
    }

    /// <summary>All that <see cref="Around(NameText, in Sighting)"/> can find anywhere.</summary>
    public const Evidence AllAround = Evidence.Urgent | Evidence.UrgentNear | Evidence.Digits | Evidence.Explained;

    /// <summary>The most that it can find around a text, at a glance.</summary>
    public static Evidence MostAround(NameText name, int start, int end)
    {
        if (start == 0 && end == name.Length) return Evidence.None;
        bool isUrgent = true;
        if (name.Length <= NameText.MostStarts)
        {
            // Urgent words have three letters at least, and share none.
            ulong left = start < 3 ? 0 : (1UL << (start - 2)) - 1, right = end < NameText.MostStarts ? ulong.MaxValue << end : 0;
            isUrgent = (name.UrgentStarts & (left | right)) != 0;
        }
        // Beside a whole label only other labels can say anything.
        if (name.Before[start] == Gap.Dot && name.Before[end] == Gap.Dot) return isUrgent ? Evidence.UrgentNear : Evidence.None;
        // Digits alone, and what is explained, exclude each other: the latter weighs more.
        return isUrgent ? AllAround : Evidence.Explained;
    }

    /// <summary>What holds for every word of a name.</summary>
    public static Evidence OfName(NameText name)
    {
        Evidence evidence = 0;
        if (name.IsHosted) evidence |= Evidence.Hosted;
        if (CheapSuffixes.Words.Contains(name.Suffix)) evidence |= Evidence.CheapTld;
        if (OddLabels.IsOdd(name.LabelSpan(name.OwnerLabel))) evidence |= Evidence.OddOwner;
        return evidence;
    }

    /// <summary>What stands around a sighting: costs more than all before.</summary>
    public static Evidence Around(NameText name, in Sighting sighting)
    {
        int labelStart = name.TextStart[name.LabelOf[sighting.Start]], labelEnd = sighting.End;
        while (name.Before[labelEnd] != Gap.Dot) labelEnd++;
        return Around(name, labelStart, sighting.Start, sighting.End, labelEnd);
    }

    /// <summary>Whether hyphens and dots stand elsewhere. Hyphens that are left out are the point only of a label that is the word and nothing else.</summary>
    private static bool HasOtherGaps(NameText name, in Hit hit, in Scene scene, in WordFacts facts, WordIndex words)
    {
        if (facts.Kind == BrandWordKind.Joined || hit.Slips > 0 || (!scene.HasHyphen && facts.Hyphens == 0 && scene.Place != Place.Across)) return scene.HasHyphen;
        GapChange changes = GapChanges.Between(name, hit.Start, hit.End, words.Words[hit.Word]);
        return scene.Place switch
        {
            Place.Label => changes != GapChange.None,
            // A dot makes two labels of what is drawn alike: less than either.
            Place.Across => changes != GapChange.None && name.Raw.AsSpan(hit.Start, hit.End - hit.Start).SequenceEqual(words.RawOf(hit.Word, facts.Length)),
            _ => (changes & GapChange.PutIn) != 0,
        };
    }

    private static Change ChangeOf(NameText name, in Hit hit, ReadOnlySpan<byte> word, bool hasHyphen)
    {
        if (hit.Slips > 0) return hit.Slips > 1 ? Change.Slips : IsWeak(name.Raw.AsSpan(hit.Start, hit.End - hit.Start), word) ? Change.WeakSlip : Change.Slip;
        bool accent = false, script = false;
        if (name.HasForeign)
            for (int i = hit.Start; i < hit.End; i++)
            {
                accent |= name.Marks[i] == Foreign.Accent;
                script |= name.Marks[i] == Foreign.Script;
            }
        if (script) return Change.Script;
        if (accent) return Change.Accent;
        if (hasHyphen) return Change.Hyphen;
        return name.Raw.AsSpan(hit.Start, hit.End - hit.Start).SequenceEqual(word) ? Change.None : Change.Glyph;
    }

    // acebook is no word and bank is one: hank is not misspelt.
    private static bool IsWeak(ReadOnlySpan<byte> raw, ReadOnlySpan<byte> word)
    {
        if ((raw.Length == word.Length && raw[1..].SequenceEqual(word[1..])) || raw.SequenceEqual(word[1..]) || raw[1..].SequenceEqual(word)) return true;
        int same = raw.CommonPrefixLength(word);
        return (!raw[same..].ContainsAnyExceptInRange((byte)'0', (byte)'9') && !word[same..].ContainsAnyExceptInRange((byte)'0', (byte)'9')) || OrdinaryWords.Contains(raw);
    }

    /// <summary>Whether what stands left of a word in its label may be what stood before a dot that is gone.</summary>
    public static bool MayBeWww(NameText name, int labelStart, int start) => start > labelStart && start - labelStart <= LongestWww && name.Raw[labelStart] is (byte)'w' or (byte)'h' or (byte)'m';

    // What stood before a dot that is gone.
    private static bool IsWww(ReadOnlySpan<byte> text, bool isHyphened) =>
        text.SequenceEqual("www"u8) || text.SequenceEqual("ww"u8) || text.SequenceEqual("wwww"u8) || text.SequenceEqual("http"u8) || text.SequenceEqual("https"u8) || text.SequenceEqual("httpswww"u8)
        || (isHyphened && (text.SequenceEqual("m"u8) || text.SequenceEqual("www1"u8) || text.SequenceEqual("www2"u8)));

    /// <summary>Keywords and digits around the word.</summary>
    private static Evidence Around(NameText name, int labelStart, int start, int end, int labelEnd)
    {
        Evidence evidence = 0;
        bool isExplained = true, onlyDigits = start != labelStart || end != labelEnd;
        for (int at = 0; at < name.Length;)
        {
            int to = at + 1;
            while (name.Before[to] == Gap.None && to != start) to++;
            if (at >= start && at < end)
            {
                at = end;
                continue;
            }
            bool isNear = at >= labelStart && at < labelEnd;
            ReadOnlySpan<byte> part = name.Raw.AsSpan(at, to - at);
            Covered covered = Cover(part);
            if (covered == Covered.Urgent) evidence |= isNear ? Evidence.Urgent : Evidence.UrgentNear;
            if (isNear)
            {
                if (covered == Covered.No) isExplained = false;
                if (part.ContainsAnyExceptInRange((byte)'0', (byte)'9')) onlyDigits = false;
                // Written together with more: an urgent word at the far end counts.
                if (covered == Covered.No && part.Length >= 6 && HasUrgentEnd(part)) evidence |= Evidence.Urgent;
            }
            at = to;
        }
        if (onlyDigits) evidence |= Evidence.Digits;
        if (isExplained && !onlyDigits && (start != labelStart || end != labelEnd)) evidence |= Evidence.Explained;
        return evidence;
    }

    private static bool HasUrgentEnd(ReadOnlySpan<byte> part)
    {
        for (int letters = 4; letters <= 10 && letters < part.Length; letters++)
            if (Keywords.Urgent.Contains(part[..letters]) || Keywords.Urgent.Contains(part[^letters..]))
                return true;
        return false;
    }

    /// <summary>Whether a text is known words and digits from end to end.</summary>
    private static Covered Cover(ReadOnlySpan<byte> text)
    {
        const int Longest = 40;
        if (text.Length > Longest) return Covered.No;
        Span<Covered> reach = stackalloc Covered[Longest + 1];
        reach[..(text.Length + 1)].Clear();
        reach[0] = Covered.Yes;
        for (int i = 0; i < text.Length; i++)
        {
            if (reach[i] == Covered.No) continue;
            if (char.IsAsciiDigit((char)text[i])) reach[i + 1] = Max(reach[i + 1], reach[i]);
            // One letter is a word only alone.
            for (int letters = text.Length == 1 ? 1 : 2; i + letters <= text.Length && letters <= Keywords.Urgent.Longest; letters++)
            {
                ReadOnlySpan<byte> piece = text.Slice(i, letters);
                if (letters >= 3 && Keywords.Urgent.Contains(piece)) reach[i + letters] = Covered.Urgent;
                else if (Keywords.Common.Contains(piece) || (letters == 2 && Keywords.Urgent.Contains(piece))) reach[i + letters] = Max(reach[i + letters], reach[i]);
            }
        }
        return reach[text.Length];

        static Covered Max(Covered a, Covered b) => a > b ? a : b;
    }

    private enum Covered : byte
    {
        No,
        Yes,
        Urgent,
    }
}

namespace CertHerald.Names.Lookalikes;

/// <summary>
/// Words of everyday English and names of many people or places: where they are a protected domain's label, they stand in ordinary
/// names by accident. Used where no sample of ordinary names says how often. Things, qualities and doings that companies like to be
/// called by, what pages call their hosts, and common family and given names; no name that somebody made up or only bears as a company.
/// </summary>
internal static class OrdinaryWords
{
    /// <summary>All of them, between blanks.</summary>
    public const string Text = """
        able about account act action active add age agency air all alpha also amber angel apple april arena ark army art asia atlas auto away baby back bad bag ball band bank bar base bay beach bean bear beauty bed bee bell belt best beta
        bet big bike bill bird bit black block blog blue board boat body bold bolt bond bone book boot born boss box boy brain brand brave bread break brick bridge bright bring brother brown build bull bus business butter buy cabin cable cake call
        calm camera camp can candy cap capital car carbon card care cargo carol case cash castle cat cell center chain chair chase chat check cheese cherry chess chief child choice church circle city clean clear click clip clock cloud club coach coast
        coffee coin cold color come common compass connect cook cool copper core corn corner country court craft cream credit cross crown crystal cube cup cut daily dance dark data date dawn day deal dear deep delta design desk dial diamond digital
        direct discover dish dog doll door dot double dove down dragon dream drive drop duck dust eagle early earth east easy eat echo edge egg elite energy epic equal escape estate ever exodus express eye face fact fair faith fall family farm fast
        father field film final find fine fire first fish fit five flag flash flat fleet flex flight flow flower fly focus food foot force forest forge fork form fort forum fox frame free fresh friend front fruit fuel full fun fund fusion future galaxy
        game garage garden gate gear gem gemini gene gentle giant gift girl give glass global gold golden golf good grace grain grand grape graph grass gray great green grid grill ground group grow guard guide guitar gym hair hall hand happy harbor hard
        harvest hat hawk head heal health heart heat heaven hello help herb hero hill hobby holiday home honey hook hope horizon horse hot hotel hour house hub human hunt ice icon idea image impact index infinity inn inside island iron jet jewel job joy
        juice jump just key kid kind king kitchen kite knight kraken lab lady lake lamp land lane laser last law lead leaf league learn leather ledger legend lemon level liberty life light lime line link lion list little live loft logic look lord loop
        lotus love luck lucky lunar luxury machine magic mail main make man map maple march marine mark market mars mask master match max meadow media medical meet mega memory metal meteor metro mile milk mill mind mine mint mirror mobile mode model
        modern moment money monkey moon more morning mother motion motor mountain mouse movie music name nation nature nest net network new news next nice night noble north norton note nova number nurse oak oasis ocean office oil old olive one online open
        optic orange orbit orchid order origin owl own pack page paint palace palm panda paper park part party pass path pay peace peak pearl pen people pepper perfect pet phantom phone photo piano pilot pine pink pixel pizza place plain plan planet
        plant plate play plaza plus pocket point polar pony pool pop port portal post power press price pride prime print prize pro project proton pulse pure purple quality queen quest quick quiet race radio rain rainbow ranch rapid raven real red
        region regions rent rescue rest rich ride right ring rise river road robin rock rocket rogers roof room root rose round route royal ruby run safe sage sail salon salt sand save school science scout sea seal search season second seed self
        sense shadow shape share shark shell shield shine ship shirt shoe shop show side sign silk silver simple sing sky slack sleep smart smile smoke snow social soft solar solid solo song soul sound source south space spark speed spice spirit splash
        sport spot spring square stage star start state station stay steam steel step stone store storm story stream street strong studio style sugar suit summer summit sun super supply support sure surf swan sweet swift swiss system table target
        taste tax taxi tea teach team tech temple ten tennis test text theme think three tiger time tiny tip titan top total touch tower town toy track trade trail train travel tree trend tribe trip true trust truth turn twin two ultra union unique
        unit unity urban value valley van vector velvet venture verde vibe victory video view villa village vine vintage violet virtual vision vista vital voice wall water wave way wealth weather web wedding week welcome well west whale wheel white wide
        wild will win wind window wine wing winter wise wish wolf woman wonder wood word work world yard year yellow yoga young zebra zen zero zone zoom
        anderson campbell clark davis evans garcia harris hernandez jackson johnson jones lee lewis lopez martin martinez miller mitchell moore nelson parker perez phillips roberts robinson rodriguez scott
        gateway git docs doc app apps api pages dev img email admin login jobs hotels smith taylor thomas thompson turner walker williams wilson wright huang chen wang
        booking crypto sushi stripe visa ana amazon classic pineapple purchase notebook
        """;

    private static readonly WordSet Words = new(Text);

    public static bool Contains(string word) => Words.Contains(word);

    public static bool Contains(ReadOnlySpan<byte> word) => Words.Contains(word);

    /// <summary>The least that <see cref="Guess"/> says of a word.</summary>
    public static (double Rule, double Word) LeastGuess(BrandWord word) =>
        word.IsOrdinary || word.Length <= 3 ? (12, 400) : word.Length == 4 ? (3, 80) : (0, 0);

    /// <summary>How often a word and the rule may be met in a million ordinary names, without a sample that says it.</summary>
    public static (double Rule, double Word) Guess(in Sighting sighting)
    {
        if (sighting.Word.IsOrdinary || sighting.Word.Length <= 3) return (12, 400);
        if (sighting.Word.Length == 4) return (3, 80);
        if (sighting.Place == Place.Label && sighting.Change is Change.Slip) return (0, 0);
        return sighting.IsBelow && sighting.Change == Change.None ? (2, 6) : (0.2, 6);
    }
}

namespace CertHerald.Names.Lookalikes;

/// <summary>
/// Words that stand beside a name that is imitated. Chosen by meaning, in the languages of large providers: what a page asks of
/// its visitor, what it promises, and what services call themselves.
/// </summary>
internal static class Keywords
{
    private const string UrgentWords = """
        login logins logon signin signon log sign connexion acceso accesso acessar acesso anmelden anmeldung einloggen inloggen logowanie giris vhod ingreso ingresar entrar iniciar sesion masuk
        verify verified verification verif verifica verificar verificacao verificacion verifiz verifizierung verifizieren verifier weryfikacja validate validation valid validar validacion confirm confirmed confirmation confirma confirmar conferma bestaetigung authenticate authentication auth authn oauth sso
        account accounts acct acc accs acount compte comptes cuenta cuentas conta contas conto konto id ids identity userid
        secure secured security secures securite seguro segura seguridad seguranca sicuro sicurezza sicher sicherheit beveiliging bezpieczny safe safety protect protection protected
        update updates updated updating upgrade actualizar actualizacion actualiser atualizar atualizacao aggiorna aggiornamento aktualisierung aktualisieren
        unlock unlocked locked lock suspend suspended suspension limited restricted restrict blocked unblock restore recover recovery recuperar reset resetpassword password passwd pass passcode otp
        billing bill bills invoice invoices facture factura fatura rechnung fattura payment payments paiement pago pagos pagamento pagar zahlung betaling platnosc oplata refund refunds remboursement reembolso rimborso tax tva
        support supports helpdesk helpcenter help helps assistance assistenza asistencia soporte suporte supporto atendimento service services servicio servicios servico servicos servizi servizio serviceclient clientservice customerservice customer customers customercare client clients cliente clientes clienti kunde kunden kundenservice klant care center centre centro
        alert alerts alerta notice notices notification notifications notify warning warn attention urgent activity unusual
        wallet wallets connect connects claim claims claimed airdrop airdrops drop reward rewards bonus gift gifts giftcard giveaway giveaways promo promos promocao promocion promotion premio premios prize prizes winner win free gratis nitro skin skins mint nft nfts token tokens swap swaps dapp dapps defi presale bridge stake staking migrate migration rectify sync syncs launch launchpad drainer eligible earn
        card cards carte tarjeta cartao karte banking ebanking netbank netbanking onlinebanking internetbanking bankline mobilebanking
        delivery deliver livraison entrega lieferung consegna parcel parcels package packages paket colis pacote paquete tracking track suivi shipment shipping dostawa redelivery reschedule
        copyright appeal appeals violation policy badge bluebadge verifiedbadge meta2 session confirmidentity activate activation activar ativar reactivate renew renewal expire expired cancel cancellation dispute resolve resolution case cases ticket recharge topup
        documents document docs doc shared share sharefile viewdoc voicemail fax findmy find finder location locate lost iforgot wap
        puntos pontos points resgate beneficio beneficios desconto oferta ofertas offer offers liquida sorteio gewinnspiel concours
        """;

    private const string CommonWords = """
        www web webs app apps online official officiel oficial offizielle portal portale site sites page pages home homepage main index my the your get go to on in at for by of and or a e i
        mail email emails mails webmail inbox smtp server servers host hosting cloud storage data access admin user users member members membership manager manage business biz corp inc ltd llc company group team teams community
        shop shops shopping store stores market markets marketplace buy sale sales deal deals outlet discount order orders cart checkout trade trader trading exchange exchanges pay pays bank banks banca banco banque finance financial invest investment capital fund crypto coin coins btc eth usdt bnb blockchain io dex network net
        mobile mobil phone sim tel call chat chats message messages messenger join invite groups video videos live stream music play player game games gaming tv movie film photo photos media social news blog forum wiki info infos
        jp us uk fr de es it br mx ar ca au nz in id my sg th vn ph hk tw cn kr ru pl nl be ch at se no dk fi pt tr za eu usa japan america india asia global world international intl en espana france italia brasil brazil mexico
        com net org co gov edu new next pro plus vip one best top real true now today 24 365 247 beta test demo v1 v2 v3 api dev tech technology digital solution solutions system systems tool tools download downloads software update1 link links click form forms survey review reviews
        """;

    private static readonly WordSet Everyday = new(CommonWords, UrgentWords, OrdinaryWords.Text);

    /// <summary>What a deceiver's page is about: signing in, verifying, paying, winning.</summary>
    public static WordSet Urgent { get; } = new(UrgentWords);

    /// <summary>The same, at a glance.</summary>
    public static WordStarts UrgentStarts { get; } = new(UrgentWords);

    /// <summary>What anybody may write beside a name: web words, places, languages.</summary>
    public static WordSet Common { get; } = new(CommonWords);

    /// <summary>Whether a word is of the language of every day, in any of the tables: nothing is misspelt in it.</summary>
    public static bool IsEveryday(ReadOnlySpan<byte> word) => Everyday.Contains(word);

    /// <summary>Top-level domains that companies use as their second name: not what follows when a dot is left out.</summary>
    public static WordSet Descriptive { get; } = new("app dev biz info finance me");

    /// <summary>What <see cref="TopLevels"/> holds.</summary>
    public const string TopLevelWords = """
        com net org co io me us uk jp de fr it es nl be ch at pl ru br mx ar cl pe ca au nz in cn hk tw kr sg my id th ph vn tr za eu info biz app dev finance gov
        cojp nejp orjp gojp acjp couk orguk govuk comau govau gouvfr combr govbr commx comar compe comtr comhk comtw comsg commy comph coin cokr coid coth conz coza comco
        """;

    /// <summary>Words of a place on the net, as they stand after a domain's own label.</summary>
    public static WordSet TopLevels { get; } = new(TopLevelWords);
}
